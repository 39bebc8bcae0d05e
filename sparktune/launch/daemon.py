"""The parent of Spark's Python workers, with TensorFlow imported: every worker it forks starts with it.

Spark starts it as `python -m sparktune.launch.daemon pyspark.worker` in the place of `pyspark.daemon`.
Importing TensorFlow starts neither its runtime nor CUDA, so a fork is safe: each worker makes its own threads
when it first computes.
"""

import os
import sys
import traceback

from sparktune.training.preload import preload

MODULE = "sparktune.launch.daemon"


def main() -> None:
    """Preload, then do what Spark's own daemon does; where nothing can be preloaded, workers import it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        preload()
    except Exception:  # noqa: BLE001 - an executor without a sound TensorFlow gets the plain daemon
        traceback.print_exc()
    from pyspark.daemon import manager

    manager()


def safe_here() -> bool:
    """Whether forking after the import is known to work on this system."""
    return sys.platform.startswith("linux")


if __name__ == "__main__":
    main()
