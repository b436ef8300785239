"""What an instance hour costs, from the project's one price table."""

from __future__ import annotations

from tools.cost.prices import INSTANCES


class PriceError(Exception):
    """The price of an instance type is not known; the message lists those that are."""


def hourly(instance_type: str) -> float:
    """Return the price of an hour in USD; 0 if no type is given.

    Raises:
        PriceError: the table does not have it.
    """
    if not instance_type:
        return 0.0
    if instance_type not in INSTANCES:
        raise PriceError(f"{instance_type} is not in the price table (tools/cost/prices.py): {', '.join(INSTANCES)}")
    return INSTANCES[instance_type]
