"""What a trial may use of the machine it runs on."""

from sparktune.quiet import quiet
from sparktune.trial import TrialNotes


def load_tensorflow() -> None:
    """Import Keras and TensorFlow and find the devices, without a word on standard error."""
    with quiet():
        import keras  # noqa: F401 - imported for its own sake
        import tensorflow as tf

        tf.config.list_physical_devices()


def configure_device(cpus: int) -> TrialNotes:
    """Bound TensorFlow to `cpus` threads and let it take GPU memory as it needs it; returns notes.

    Works before TensorFlow's first operation only. Where that is past, everything stays as it is and a note
    says so.
    """
    load_tensorflow()
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(cpus)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:
        threads = tf.config.threading.get_intra_op_parallelism_threads()
        return TrialNotes(
            threads=f"{threads or 'all'}: TensorFlow was in use before this trial asked for {cpus}"
        )
    return TrialNotes(threads=str(cpus))
