import os
import subprocess
import sys

import pytest

from sparktune.quiet import quiet

DEVICE = "from sparktune.training.device import configure_device; configure_device(1)"
PARCEL = "from sparktune.bundle.engines.keras import limit_tensorflow; limit_tensorflow(1)"


def test_native_code_is_silent_and_heard_again(capfd):
    with quiet(), quiet():
        os.write(2, b"inside")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


@pytest.mark.parametrize("code", [DEVICE, PARCEL], ids=["trial", "scoring"])
def test_tensorflow_starts_without_a_word(code):
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    code += "\nimport tensorflow as tf; tf.constant(1) + 1"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=plain)
    assert (done.returncode, done.stderr) == (0, "")
