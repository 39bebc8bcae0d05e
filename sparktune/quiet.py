"""Standard error closed for a while, to what native code writes too."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.RLock()  # two threads that overlap would leave standard error closed


@contextmanager
def quiet() -> Iterator[None]:
    """Send standard error to nowhere: TensorFlow logs when it loads and finds devices, at any log level."""
    with _ONE_AT_A_TIME:
        own, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(own, 2)
            os.close(own)
            os.close(nowhere)
