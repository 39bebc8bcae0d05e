"""Everything that a trial imports, ahead of the trial."""

import gc

from sparktune.quiet import quiet


def preload() -> None:
    """Import Keras, TensorFlow and what trains with them, and keep the garbage collector off them.

    A process that is forked from here shares this memory until it writes to it; the collector would write to
    all of it (measured: 138 MB private after a first trial with it, 49 MB without).
    """
    with quiet():
        import keras  # noqa: F401 - imported for its own sake, like the next
        import tensorflow  # noqa: F401

        from sparktune.training import builders, epochs, models, saving  # noqa: F401
    gc.collect()
    gc.freeze()
