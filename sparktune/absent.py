"""Modules that other libraries import where they are installed, and that are not needed here."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def as_if_absent(*names: str) -> Iterator[None]:
    """Within the context these modules seem not to be installed, but for those that are loaded."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
