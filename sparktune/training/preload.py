"""Everything that a trial imports, ahead of the trial."""

import gc
import sys
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from sparktune.quiet import quiet

# Keras imports these where they are installed, for its scikit-learn wrappers, its plots and to know a data
# frame when it sees one; a trial needs none of it, and they are 1.6 of 3.6 CPU seconds.
SPARED = ("matplotlib", "pandas", "scipy", "sklearn")
ROOM = 1 << 17  # entries of 8 bytes


def roomy(function: Callable[[], None]) -> Callable[[], None]:
    """The function with a frame of a megabyte, most of it never touched, beside which all that it calls fits.

    Python's stack grows by chunks of 16 KiB, and a loop that calls across the end of one maps and unmaps the
    next each time: a fifth of all page faults while TensorFlow is imported.
    """
    function.__code__ = function.__code__.replace(co_stacksize=ROOM)
    return function


def preload() -> None:
    """Import Keras, TensorFlow and what trains with them, and keep the garbage collector off them.

    A process that is forked from here shares this memory until it writes to it; the collector would write to
    all of it (measured: 138 MB private after a first trial with it, 49 MB without). While importing it would
    find next to nothing in 0.6 of 2.3 seconds.
    """
    with quiet(), _without(*SPARED), _uncollected(), _references_compiled_once():
        _import()


@roomy
def _import() -> None:
    import keras  # noqa: F401 - imported for its own sake, like the next
    import numpy.random  # noqa: F401
    import tensorflow  # noqa: F401

    from sparktune.training import epochs, saving  # noqa: F401


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Within the context these modules seem not to be installed, but for those that are loaded."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection within the context, and never of what it leaves behind."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


@contextmanager
def _references_compiled_once() -> Iterator[None]:
    """Within the context, forward references of the same text share their code: TensorFlow makes 18,000."""
    typing.compile = cache(compile)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del typing.compile  # type: ignore[attr-defined]
