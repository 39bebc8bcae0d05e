"""The process that reads the arrays of a model."""

from pathlib import Path

import numpy as np
from studies import document

from sparktune.spec import parse_spec
from sparktune.study.warm_start_worker import extract


def test_arrays_are_written_or_the_reason_is_given(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    model.save(tmp_path / "model.keras")
    request = {
        "spec": parse_spec(document(tmp_path)).model_dump(mode="json"),
        "params": {},
        "model": str(tmp_path / "model.keras"),
        "target": str(tmp_path / "weights.npz"),
    }
    assert extract(request) is None
    with np.load(tmp_path / "weights.npz") as arrays:
        found = [arrays[name] for name in arrays.files]
    assert all(np.array_equal(a, b) for a, b in zip(found, model.get_weights(), strict=True))
    (tmp_path / "model.keras").write_bytes(b"PK")
    assert str(tmp_path / "model.keras") in str(extract(request))
