"""The bound on the size of a document, checked before its values are validated one by one."""

from collections.abc import Callable, Iterable
from typing import Any

from sparktune.errors import SpecError

MAX_VALUES = 100_000
MAX_DEPTH = 50
TEXT_PER_VALUE = 100  # so many characters of text count as one more value


def members(value: Any) -> Iterable[Any]:
    """The values inside a container of Python or of NumPy (of a huge array as many ints); else nothing."""
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    if getattr(value, "ndim", 0) and hasattr(value, "tolist"):
        return range(value.size) if value.size > MAX_VALUES else value.tolist()
    return ()


def check_size(value: Any, where: str, inside: Callable[[Any], Iterable[Any]] = members) -> None:
    """Refuse a document that would grow while it is read.

    A container that is used in several places counts in each of them, though it is measured once: ten lines
    of YAML, each a list of ten aliases to the line before, hold ten billion values.

    Args:
        value: the document.
        where: what the message calls it.
        inside: gives the values inside one of the document's values.

    Raises:
        SpecError: it holds more than `MAX_VALUES` values, or is nested deeper than `MAX_DEPTH` levels.
    """
    measured: dict[int, tuple[int, int, Any]] = {}  # keeps the containers, so that no id comes twice

    def measure(value: Any, depth: int) -> tuple[int, int]:
        """How many values it holds, itself included, and how many levels."""
        if id(value) not in measured:
            size, height = 1 + (len(value) // TEXT_PER_VALUE if isinstance(value, (str, bytes)) else 0), 0
            for member in inside(value) if depth <= MAX_DEPTH else ():
                member_size, member_height = measure(member, depth + 1)
                size, height = size + member_size, max(height, member_height + 1)
                _check_count(size, where)
            measured[id(value)] = size, height, value
        size, height, _ = measured[id(value)]
        if depth + height > MAX_DEPTH:
            raise SpecError(f"{where} must not be nested deeper than {MAX_DEPTH} levels; remove some")
        return size, height

    _check_count(measure(value, 0)[0], where)


def _check_count(count: int, where: str) -> None:
    if count > MAX_VALUES:
        raise SpecError(
            f"{where} must hold at most {MAX_VALUES:,} values, but holds more; remove some "
            "(an alias, or a list that is shared, counts as often as it stands)"
        )
