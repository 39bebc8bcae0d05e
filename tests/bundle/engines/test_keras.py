"""Keras as an engine: safe loading, chunks of rows, the model's one input."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from sparktune.bundle import Bundle
from sparktune.bundle.engines.keras import KerasEngine, chunk_rows
from tests.bundle.models import by_keras, inputs


@pytest.mark.parametrize("kind", ["binary", "classes", "regression"])
def test_rows_may_be_flat_and_of_any_number_type(bundles: dict[str, Bundle], kind: str) -> None:
    bundle, x = bundles[kind], inputs(kind, 5)
    engine = KerasEngine.load(bundle.path, bundle.manifest)
    for given in (x, x.reshape(5, -1), x.astype("f8"), np.asfortranarray(x)):
        np.testing.assert_allclose(engine.predict(given), by_keras(bundle, x), atol=1e-5)


def test_chunks_do_not_show(bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    bundle, x = bundles["binary"], inputs("binary", 1000)
    monkeypatch.setattr("sparktune.bundle.engines.keras.CHUNK_ROWS", (64, 64))
    assert chunk_rows(bundle.model, bundle.manifest.tensor) == 64
    pieces = KerasEngine(bundle.model, bundle.manifest.tensor).predict(x)
    np.testing.assert_allclose(pieces, bundle.predict(x), atol=1e-6)


def test_chunks_shrink_with_the_widest_layer(bundles: dict[str, Bundle]) -> None:
    narrow = bundles["binary"]
    wide = keras.Sequential([keras.Input((20,)), keras.layers.Dense(20_000), keras.layers.Dense(1)])
    assert chunk_rows(narrow.model, narrow.manifest.tensor) == 16384
    assert chunk_rows(wide, narrow.manifest.tensor) == 32 * 2**20 // (4 * 20_000)
    assert chunk_rows(keras.Sequential([wide]), narrow.manifest.tensor) == 32 * 2**20 // (4 * 20_000)


def test_the_loaded_model_needs_its_file_no_longer(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    bundle = bundles["regression"]
    copy = Path(shutil.copytree(bundle.path, tmp_path / "copy"))
    engine = KerasEngine.load(copy, bundle.manifest)
    shutil.rmtree(copy)
    assert engine.predict(inputs("regression", 2)).shape == (2, 1)


PREDICT = """
import os, sys
import numpy as np
from sparktune.bundle import load_bundle
load_bundle(sys.argv[1]).predict(np.zeros((2, 20), "f4"))
os._exit(0)
"""


def test_a_worker_that_is_killed_leaves_no_generated_source_files(
    bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", PREDICT, str(bundles["binary"].path)]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    assert not list(tmp_path.glob("__autograph*"))
