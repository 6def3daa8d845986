"""What is measured: name, unit and plausible range. A new quantity is one entry here and one column."""

from dataclasses import dataclass

# Far beyond anything measured, and small enough that sums of squares over billions of readings stay finite.
HUGE = 1e30


@dataclass(frozen=True, slots=True)
class Quantity:
    """One known quantity; bounds are inclusive and in its unit."""

    name: str
    unit: str
    minimum: float
    maximum: float
    example: float


QUANTITIES = (
    Quantity("temperature", "°C", -273.15, HUGE, 25.3),
    Quantity("humidity", "%", 0.0, 100.0, 48.2),
    Quantity("voltage", "V", -HUGE, HUGE, 219.7),
    Quantity("current", "A", -HUGE, HUGE, 1.42),
)
NAMES = tuple(quantity.name for quantity in QUANTITIES)
BOUNDS = {quantity.name: (quantity.minimum, quantity.maximum) for quantity in QUANTITIES}
CUSTOM_BOUNDS = (-HUGE, HUGE)
