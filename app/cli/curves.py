"""Plausible readings of a server: pure functions of a seed, a number and an instant.

The same seed, number and instant give the same values on every machine and in every process, so that a
simulated week can be written by one process and continued by another. No clock and no I/O here.
"""

import math
import random

DAY = 86_400.0
# Days and working hours are those of UTC-3: the simulated servers stand in São Paulo and Recife.
LOCAL_OFFSET = -3 * 3600.0
NOMINAL_VOLTS = (127.0, 220.0)

# One reading in two hundred is lost on its way, and a server is silent in one hour of four, for 2 to 10
# minutes: enough to see both in a minute's look at a fleet, too little to spoil a mean.
GAP_SHARE = 0.005
OUTAGE_SLOT = 3600.0
OUTAGE_SHARE = 0.25
OUTAGE_SECONDS = (120.0, 600.0)


class Plant:
    """One simulated server: its room, its mains and its load.

    Shape of a reading: temperature °C, humidity % relative, voltage V, current A, each rounded as a
    common sensor would (2, 1, 1 and 2 decimals). `t` is Unix time in seconds, UTC.
    """

    def __init__(self, seed: int, number: int) -> None:
        self.name = f"{seed}/{number}"
        character = _random(self.name, "character")
        self.volts = NOMINAL_VOLTS[number % len(NOMINAL_VOLTS)]
        self.room = character.uniform(21.0, 26.0)
        self.swing = character.uniform(1.5, 3.5)
        self.damp = character.uniform(48.0, 62.0)
        self.idle_watts = character.uniform(150.0, 350.0)
        self.busy_watts = character.uniform(400.0, 900.0)
        self.phases = [character.uniform(0.0, math.tau) for _ in range(6)]

    def reading(self, t: float) -> dict[str, float]:
        """All four quantities at `t`, noise included."""
        noise = _random(self.name, f"noise/{_microseconds(t)}")
        load = self._load(t)
        temperature = self._temperature(t, load)
        volts = self.volts * (1.004 - 0.02 * load + 0.008 * self._drift(t, 5_400.0, 4))
        watts = (self.idle_watts + load * self.busy_watts) * noise.gauss(1.0, 0.015)
        return {
            "temperature": round(temperature + noise.gauss(0.0, 0.05), 2),
            "humidity": round(self._humidity(t, temperature) + noise.gauss(0.0, 0.25), 1),
            "voltage": round(volts + noise.gauss(0.0, self.volts * 0.0015), 1),
            "current": round(watts / volts, 2),
        }

    def silent(self, t: float) -> bool:
        """Whether an outage covers `t`: every reading of a few minutes is missing."""
        slot = math.floor(t / OUTAGE_SLOT)
        chance = _random(self.name, f"outage/{slot}")
        if chance.random() >= OUTAGE_SHARE:
            return False
        seconds = chance.uniform(*OUTAGE_SECONDS)
        begin = slot * OUTAGE_SLOT + chance.uniform(0.0, OUTAGE_SLOT - seconds)
        return begin <= t < begin + seconds

    def dropped(self, t: float) -> bool:
        """Whether the single reading at `t` gets lost."""
        return _random(self.name, f"gap/{_microseconds(t)}").random() < GAP_SHARE

    def _load(self, t: float) -> float:
        """Share of the load that is on, 0 to 1: office hours, less at weekends, with some restlessness."""
        local = t + LOCAL_OFFSET
        hour = local % DAY / 3600.0
        office = _step(hour - 8.0) * _step(18.5 - hour)
        # Unix day 0 was a Thursday; 0 to 4 are Monday to Friday.
        weekday = (math.floor(local / DAY) + 3) % 7
        level = 0.12 + (0.75 if weekday < 5 else 0.15) * office
        return min(1.0, max(0.0, level + 0.06 * self._drift(t, 1_500.0, 2)))

    def _temperature(self, t: float, load: float) -> float:
        """Warmest at 15:00 local, warmed by the load, with weather that changes over days."""
        sun = math.cos((t + LOCAL_OFFSET - 15 * 3600.0) / DAY * math.tau)
        return self.room + self.swing * sun + 1.2 * load + 0.8 * self._drift(t, 3.3 * DAY, 0)

    def _humidity(self, t: float, temperature: float) -> float:
        """Warmer air holds the same water at less relative humidity: about 2.4 points a degree."""
        value = self.damp - 2.4 * (temperature - self.room) + 2.0 * self._drift(t, 2.1 * DAY, 3)
        return min(99.0, max(5.0, value))

    def _drift(self, t: float, period: float, phase: int) -> float:
        """A slow wander within -1 and 1: two sines whose periods share no common multiple worth naming."""
        first = math.sin(t / period * math.tau + self.phases[phase])
        second = math.sin(t / (period * 0.382) * math.tau + self.phases[phase + 1])
        return 0.6 * first + 0.4 * second


def _step(hours: float) -> float:
    """A smooth 0 to 1 over about an hour around 0."""
    return 1.0 / (1.0 + math.exp(-4.0 * hours))


def _microseconds(t: float) -> int:
    return round(t * 1_000_000)


def _random(name: str, purpose: str) -> random.Random:
    """A generator of its own for each purpose: text seeds go through SHA-512, alike on every machine."""
    return random.Random(f"{name}/{purpose}")  # noqa: S311 (weather, not a secret)
