"""The parent of Spark's Python workers, with TensorFlow loaded: every worker it forks starts with it.

Spark starts `python -m sparktune.launch.spark.daemon pyspark.worker` in the place of `pyspark.daemon`. Beside
a driver with a fork server, Spark's own daemon is forked from that; elsewhere this process loads TensorFlow
itself. Importing TensorFlow starts neither its runtime nor CUDA, so a fork is safe: each worker makes its own
threads when it first computes.
"""

import os
import sys
import traceback

from sparktune.launch.forkserver.client import fork
from sparktune.training.preload import preload


def main() -> None:
    """Be Spark's own daemon, with TensorFlow where it can be loaded.

    Where a fork of the fork server is the daemon, wait for its end; Spark talks to it through the descriptors
    of this process.
    """
    try:
        forked = fork("pyspark.daemon", sys.argv[1:], [0, 1, 2])
    except OSError:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        try:
            preload()
        except Exception:  # noqa: BLE001 - an executor without a sound TensorFlow gets the plain daemon
            traceback.print_exc()
        from pyspark.daemon import manager

        manager()
    else:
        sys.exit(forked.wait())


if __name__ == "__main__":
    main()
