"""What a trial may use of the machine."""

import subprocess
import sys

import tensorflow as tf

from sparktune.training.device import configure_device


def test_threads_are_bounded_before_the_first_operation():
    code = (
        "from sparktune.training.device import configure_device\n"
        "print(configure_device(3).threads)\n"
        "import tensorflow as tf\n"
        "print(tf.config.threading.get_intra_op_parallelism_threads(), tf.constant(1).numpy())\n"
        "print(configure_device(2).threads)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines() == [
        "3",
        "3 1",
        "3: TensorFlow was in use before this trial asked for 2",
    ], done.stderr


def test_a_bound_that_comes_too_late_is_noted():
    tf.constant(1).numpy()
    before = tf.config.threading.get_intra_op_parallelism_threads()
    notes = configure_device(before + 1)
    assert notes.threads == (
        f"{before or 'all'}: TensorFlow was in use before this trial asked for {before + 1}"
    )
    assert tf.config.threading.get_intra_op_parallelism_threads() == before
