import subprocess
import sys


def test_it_loads_what_trials_need_and_no_more_and_starts_no_runtime():
    code = """
import gc, sys
from sparktune.training.preload import preload
preload()
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)  # refused once the runtime has started
print("tensorflow" in sys.modules, "sparktune.training.epochs" in sys.modules, gc.get_freeze_count() > 0)
print("matplotlib" in sys.modules, "sklearn" in sys.modules, gc.isenabled())
import pandas, sklearn.datasets
print(sklearn.datasets.load_digits().data.shape, len(pandas.DataFrame({"a": [1, 2]})))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["True True True", "False False True", "(1797, 64) 2"]
