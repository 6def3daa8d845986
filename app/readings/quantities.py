"""What is measured: name, unit and plausible range. A new quantity is one entry here and one column."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.core.errors import Invalid, invalid_field

# Far beyond anything measured, and small enough that sums of squares over billions of readings stay finite.
HUGE = 1e30


@dataclass(frozen=True, slots=True)
class Quantity:
    """One known quantity; bounds are inclusive and in its unit. Its number stands in segments and never changes; those
    from 100 on are of custom quantities.
    """

    quantity_id: int
    name: str
    unit: str
    minimum: float
    maximum: float
    example: float


QUANTITIES = (
    Quantity(1, "temperature", "°C", -273.15, HUGE, 25.3),
    Quantity(2, "humidity", "%", 0.0, 100.0, 48.2),
    Quantity(3, "voltage", "V", -HUGE, HUGE, 219.7),
    Quantity(4, "current", "A", -HUGE, HUGE, 1.42),
)
NAMES = tuple(quantity.name for quantity in QUANTITIES)
ID_OF_NAME = {quantity.name: quantity.quantity_id for quantity in QUANTITIES}
BOUNDS = {quantity.name: (quantity.minimum, quantity.maximum) for quantity in QUANTITIES}
CUSTOM_BOUNDS = (-HUGE, HUGE)


def no_such_quantity(loc: tuple[str | int, ...], known: Iterable[str]) -> Invalid:
    """What to say of a name, at this place of the request, that is none of these."""
    expected = ", ".join(known)
    return invalid_field(loc, f"Must be one of: {expected}", "no_such_quantity", expected=expected)
