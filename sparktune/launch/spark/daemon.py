"""The parent of Spark's Python workers, with TensorFlow loaded: every worker it forks starts with it.

Spark starts `python -m sparktune.launch.spark.daemon pyspark.worker` in the place of `pyspark.daemon`. What
then serves is `watched_daemon`, forked from a fork server: the driver's where this is its host, else one that
lives as long as this process. Trials that need a process beside their worker are forked from it, too.
Importing TensorFlow starts neither its runtime nor CUDA, so a fork is safe: each worker makes its own threads
when it first computes.
"""

import os
import signal
import sys
import traceback

from sparktune.launch.forkserver.client import fork, start_fork_server
from sparktune.launch.spark import watched_daemon
from sparktune.training.preload import preload


def main() -> None:
    """Be Spark's own daemon: a fork of the fork server, to which Spark talks through our descriptors.

    Where there can be no fork server, this process itself is the daemon, with TensorFlow where it can be
    loaded.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so Spark ends it; the fork server goes with it
    try:
        with start_fork_server():
            sys.exit(fork(watched_daemon.__name__, sys.argv[1:], [0, 1, 2]).wait())
    except OSError:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        try:
            preload()
        except Exception:  # noqa: BLE001 - an executor without a sound TensorFlow gets the plain daemon
            traceback.print_exc()
        watched_daemon.main()


if __name__ == "__main__":
    main()
