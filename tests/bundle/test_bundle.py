"""What a bundle predicts, and from which frames."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sparktune.bundle import Bundle, load_bundle
from sparktune.errors import BundleError, ScoringError
from tests.bundle.models import by_keras, inputs


@pytest.mark.parametrize("kind", ["binary", "classes", "regression"])
def test_predictions_are_those_of_keras(bundles: dict[str, Bundle], kind: str) -> None:
    bundle, x = bundles[kind], inputs(kind, 50)
    raw = bundle.predict(x)
    assert raw.dtype == np.float32
    assert raw.shape == (50, bundle.schema.outputs)
    np.testing.assert_allclose(raw, by_keras(bundle, x), atol=1e-5)


@pytest.mark.parametrize("engine", ["numpy", "keras", "tensorflow"])
def test_numbers_beyond_float32_score_as_infinite_ones(bundles: dict[str, Bundle], engine: str) -> None:
    bundle = bundles["binary"].with_engine(engine)
    x = inputs("binary", 2).astype(np.float64)
    x[0, 0] = 1e300
    infinite = np.where(x > 1e30, np.inf, x)
    np.testing.assert_array_equal(bundle.predict(x), bundle.predict(infinite))
    np.testing.assert_array_equal(bundle.predict(x)[1:], bundle.predict(x[1:]))


def test_no_rows_give_no_predictions(bundles: dict[str, Bundle]) -> None:
    assert bundles["classes"].predict(inputs("classes", 0)).shape == (0, 3)


@pytest.mark.parametrize("engine", ["numpy", "keras", "tensorflow"])
def test_files_that_changed_before_they_are_first_needed_are_refused(
    bundles: dict[str, Bundle], tmp_path: Path, engine: str
) -> None:
    bundle = load_bundle(shutil.copytree(bundles["binary"].path, tmp_path / "copy"), engine=engine)
    file = bundle.path / bundle.manifest.engines[engine]
    file = file / "saved_model.pb" if file.is_dir() else file
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(BundleError, match=f"{file.name}' has changed since the bundle was loaded"):
        bundle.predict(inputs("binary", 1))
    if engine == "keras":
        with pytest.raises(BundleError, match="has changed since the bundle was loaded"):
            _ = bundle.with_engine("numpy").model


def test_frames_of_scalars(bundles: dict[str, Bundle]) -> None:
    x = inputs("binary", 6)
    frame = pd.DataFrame(x, columns=[f"f{i}" for i in range(20)])
    shuffled = frame[frame.columns[::-1]].assign(id=1)
    for given in (x, shuffled, pa.Table.from_pandas(shuffled), dict(shuffled.items())):
        np.testing.assert_array_equal(bundles["binary"].rows(given), x)
    np.testing.assert_array_equal(bundles["binary"].rows(shuffled.to_dict("list")), x)


def test_frames_of_arrays(bundles: dict[str, Bundle]) -> None:
    x = inputs("classes", 6)
    packed = [row.astype("<f4").tobytes() for row in x]
    for given in (
        {"pixels": x},
        {"pixels": x.tolist()},
        pd.DataFrame({"pixels": list(x)}),
        {"pixels": packed},
    ):
        np.testing.assert_array_equal(bundles["classes"].rows(given), x.astype("f4"))


def test_scalars_and_arrays_stand_side_by_side(bundles: dict[str, Bundle]) -> None:
    frame = pd.DataFrame({"b": [[1.0, 2.0, 3.0], [4.0, 5.0, np.nan]], "a": pd.array([7, 8], "Int64")})
    np.testing.assert_array_equal(bundles["regression"].rows(frame), [[7, 1, 2, 3], [8, 4, 5, np.nan]])


def test_missing_column_names_the_nearest(bundles: dict[str, Bundle]) -> None:
    frame = pd.DataFrame(inputs("binary", 2), columns=[f"f{i}" for i in range(19)] + ["f_19"])
    with pytest.raises(ScoringError, match="'f19' is missing; did you mean 'f_19'"):
        bundles["binary"].rows(frame)


def test_null_is_refused(bundles: dict[str, Bundle]) -> None:
    frame = pa.table({"a": [1, None], "b": [[1.0, 2, 3]] * 2})
    with pytest.raises(ScoringError, match="row 1 does"):
        bundles["regression"].rows(frame)


def test_inputs_of_another_width_are_refused(bundles: dict[str, Bundle]) -> None:
    with pytest.raises(ScoringError, match=r"\(rows, \*\(20,\)\), but got \(3, 5\)"):
        bundles["binary"].predict(np.zeros((3, 5)))
    with pytest.raises(ScoringError, match="must be numbers"):
        bundles["binary"].predict(np.array([["a"] * 20]))


def test_relative_path_survives_a_change_of_folder(
    bundles: dict[str, Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bundles["binary"].path.parent)
    bundle = load_bundle("bundle")
    monkeypatch.chdir(tmp_path)
    assert bundle.predict(inputs("binary", 1)).shape == (1, 1)
