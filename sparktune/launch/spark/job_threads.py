"""Driver threads that wait for Spark jobs, used again and again: a new one costs Spark a connection."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import final

Call = Callable[[], None]


@final
class JobThreads:
    """Runs calls at once, each in a thread of its own; a thread that is free takes the next one.

    Threads inherit Spark's local properties (its scheduler pool, say) from the one that made the first call.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._free = threading.Semaphore(0)
        self._threads = 0

    def do(self, call: Call) -> None:
        """Run `call`, which raises nothing, and return at once.

        Raises:
            Exception: no thread could be started, the JVM is gone perhaps; `call` does not run.
        """
        if not self._free.acquire(blocking=False):
            from pyspark import InheritableThread

            InheritableThread(target=self._work, name="sparktune-job", daemon=True).start()
            self._threads += 1
        self._calls.put(call)

    def dismiss(self) -> None:
        """Let each thread end after its last call."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            self._free.release()
