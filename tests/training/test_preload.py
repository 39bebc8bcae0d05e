import subprocess
import sys


def test_it_loads_what_trials_need_and_starts_no_runtime():
    code = """
import gc, sys
from sparktune.training.preload import preload
preload()
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)  # refused once the runtime has started
print("tensorflow" in sys.modules, "sparktune.training.epochs" in sys.modules, gc.get_freeze_count() > 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True", "True"]
