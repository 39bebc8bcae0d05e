"""Keeps a process that trains one trial after another from growing."""

from pathlib import Path
from typing import final

from sparktune.data.memory import release

STATM = Path("/proc/self/statm")
PAGE_MB = 4096 / 2**20
GROWTH = 64.0  # MB


def own_mb() -> float | None:
    """Resident memory of this process in MB, mapped files left out; None where the system has no /proc."""
    try:
        _, resident, shared, *_ = map(int, STATM.read_text().split())
    except OSError:
        return None
    return (resident - shared) * PAGE_MB


@final
class MemoryReleaser:
    """Has Keras and TensorFlow let go of models that are gone, whenever the process has grown.

    They keep some of every model: names, the kernels that made its variables, and cycles of objects; and the
    C library keeps what they free (1 to 2 MB a trial in all). To let go takes 0.1 s, as the next trial's
    graphs look for their kernels anew; so it happens once in dozens of trials. Graphs themselves stay.

    Args:
        growth: MB that the process may grow by.
    """

    def __init__(self, growth: float = GROWTH) -> None:
        self.releases = 0
        self._growth = growth
        self._level: float | None = None
        self._trials = 0

    def before_trial(self) -> None:
        """Let go, if it is time. Called where no model is in use."""
        self._trials += 1
        now = own_mb()
        if now is None:
            return
        if self._level is None or self._trials <= 2:  # the first trial loads and traces
            self._level = now
        elif now > self._level + self._growth:
            import keras

            keras.backend.clear_session()
            release()
            self.releases += 1
            self._level = own_mb()


RELEASER = MemoryReleaser()
