"""Jobs that mostly wait for a server, done at the same time."""

import threading
from collections.abc import Callable, Iterable


def all_at_once(jobs: Iterable[Callable[[], None]]) -> None:
    """Do each job in a thread of its own; returns when all have ended.

    The threads are daemons, so a server that hangs does not keep the process from ending; the threads of an
    executor would.

    Raises:
        Exception: the first one that a job raised, after all the other jobs have ended.
    """
    errors: list[Exception] = []

    def do(job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - raised below, in the caller's thread
            errors.append(error)

    threads = [threading.Thread(target=do, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
