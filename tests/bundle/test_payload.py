"""A bundle as bytes predicts where there is neither its folder nor MLflow."""

import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sparktune.bundle import Bundle, load_bundle
from sparktune.bundle.payload import load_payload, to_payload
from sparktune.errors import BundleError
from tests.bundle.models import inputs

ELSEWHERE = """
import os, pickle, sys
import numpy as np
from sparktune.bundle.payload import load_payload
payload, x = pickle.load(sys.stdin.buffer)
predictor = load_payload(payload, threads=1)
answer = predictor.engine.predict(x).tobytes()
if payload.engine == "keras":
    import tensorflow as tf
    assert tf.config.threading.get_intra_op_parallelism_threads() == 1
else:
    assert "tensorflow" not in sys.modules and "keras" not in sys.modules
assert "mlflow" not in sys.modules and "pyspark" not in sys.modules
sys.stdout.buffer.write(answer)
"""


def test_payloads_of_one_bundle_are_equal(bundles: dict[str, Bundle]) -> None:
    payload = to_payload(bundles["binary"])
    assert payload == to_payload(bundles["binary"]) != to_payload(bundles["classes"])
    assert payload != to_payload(bundles["binary"].with_engine("keras"))
    assert hash(payload) == hash(to_payload(bundles["binary"]))
    assert len(repr(payload)) < 200


def test_only_the_engine_that_predicts_is_sent(bundles: dict[str, Bundle]) -> None:
    bundle = bundles["binary"]
    for engine, file in (("numpy", "program.npz"), ("keras", "model.keras")):
        files = to_payload(bundle.with_engine(engine)).files
        assert files == {file: (bundle.path / file).read_bytes()}


@pytest.mark.parametrize("change", [lambda file: file.write_bytes(b"better"), Path.unlink])
def test_files_that_have_changed_since_the_bundle_was_loaded_are_not_sent(
    bundles: dict[str, Bundle], tmp_path: Path, change: Callable[[Path], None]
) -> None:
    bundle = load_bundle(shutil.copytree(bundles["binary"].path, tmp_path / "copy"))
    to_payload(bundle)
    change(bundle.path / "program.npz")
    with pytest.raises(BundleError, match=r"program\.npz' has changed since the bundle was loaded"):
        to_payload(bundle)


@pytest.mark.parametrize("kind", ["binary", "classes", "regression"])
def test_it_predicts_what_the_bundle_does(bundles: dict[str, Bundle], kind: str) -> None:
    predictor = load_payload(pickle.loads(pickle.dumps(to_payload(bundles[kind]))), threads=2)
    x = inputs(kind, 4)
    assert (predictor.schema, predictor.dtype) == (bundles[kind].schema, "float32")
    np.testing.assert_allclose(predictor.engine.predict(x), bundles[kind].predict(x), atol=1e-6)


@pytest.mark.parametrize("engine", ["numpy", "keras"])
def test_another_process_scores_with_the_threads_it_is_given(
    bundles: dict[str, Bundle], tmp_path: Path, engine: str
) -> None:
    x = inputs("binary", 3)
    sent = pickle.dumps((to_payload(bundles["binary"].with_engine(engine)), x))
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], input=sent, cwd=tmp_path, capture_output=True, timeout=180
    )
    assert done.returncode == 0, done.stderr.decode()
    answer = np.frombuffer(done.stdout, "f4").reshape(3, 1)
    np.testing.assert_allclose(answer, bundles["binary"].predict(x), atol=1e-5)
