"""An amount of memory: a number of bytes, or text such as 2GB and 512MiB."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from sparktune.spec.base import MAX_INT, Fault

UNITS = {"B": 1} | {
    f"{prefix}{unit}": base**power
    for unit, base in (("B", 1000), ("iB", 1024))
    for power, prefix in enumerate("KMGT", start=1)
}
LEAST = 64 * 10**6
AMOUNT = re.compile(r"(\d+(?:\.\d+)?) *([A-Za-z]+)")
BY_LOWER = {unit.lower(): size for unit, size in UNITS.items()}


def bytes_of(given: Any) -> Any:
    """The bytes that a text names; anything else as it is.

    Raises:
        Fault: it names none.

    Example:
        >>> bytes_of("1.5GB"), bytes_of("512 MiB"), bytes_of(4096)
        (1500000000, 536870912, 4096)
    """
    if not isinstance(given, str):
        return given
    found = AMOUNT.fullmatch(given.strip())
    if found is None or found[2].lower() not in BY_LOWER:
        raise Fault(
            f"must be a number of bytes, or one with a unit ({', '.join(UNITS)}) such as 2GB", value=given
        )
    return round(float(found[1]) * BY_LOWER[found[2].lower()])


def _enough(size: int) -> int:
    """A worker has some 50 MB of its own before it trains: less would only end every trial."""
    if size < LEAST:
        raise Fault(f"must be at least {LEAST // 10**6}MB", value=size)
    return size


Memory = Annotated[
    int,
    BeforeValidator(bytes_of, json_schema_input_type=int | str),
    Field(le=MAX_INT),
    AfterValidator(_enough),
]
