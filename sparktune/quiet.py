"""Standard error without what native code has to say."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE = threading.RLock()  # two at once would leave standard error closed


@contextmanager
def quiet() -> Iterator[None]:
    """Standard error closed: TensorFlow logs when it loads and finds devices, at any log level."""
    with _ONE:
        kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nothing, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nothing)
