"""Columns by name, and the nearest name where there is none."""

import difflib
from collections.abc import Iterable

from sparktune.errors import ScoringError


def find(name: str, names: Iterable[str], what: str = "feature column") -> str:
    """`name`, if it is one of `names`.

    Raises:
        ScoringError: it is not; names the nearest.
    """
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(map(repr, names))}"
    raise ScoringError(f"{what} {name!r} is missing; {hint}")
