"""The folder of an MLflow model, as MLflow writes it."""

import shutil
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from mlflow import pyfunc
from mlflow.exceptions import MlflowException
from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches

from sparktune.bundle import Bundle, export_bundle, load_bundle
from sparktune.bundle.load import LOADERS
from sparktune.bundle.mlflow.model import LOADER, pins, write_mlmodel
from sparktune.data import load_dataset
from sparktune.spec import parse_spec
from tests.bundle.models import inputs, lineage

LOGGED = SimpleNamespace(artifact_location="somewhere", model_id="m-1")
COLUMNS = [f"f{i}" for i in range(20)]
PINNED = ["mlflow", "keras", "tensorflow", "numpy", "pandas", "pyarrow", "pydantic", "PyYAML"]


@pytest.fixture(scope="module")
def written(bundles: dict[str, Bundle], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mlflow") / "model"
    write_mlmodel(bundles["binary"], folder, "run-1", LOGGED)
    return folder


def entry(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((folder / "MLmodel").read_text())
    return content


def test_it_names_its_run_its_loader_and_its_columns(written: Path) -> None:
    content = entry(written)
    assert (content["model_id"], content["run_id"]) == ("m-1", "run-1")
    assert content["flavors"]["python_function"]["loader_module"] == LOADER == LOADERS[0]
    assert [column["name"] for column in yaml.safe_load(content["signature"]["inputs"])] == COLUMNS
    assert content["model_size_bytes"] > 0


def test_the_package_comes_along_in_two_files(written: Path) -> None:
    assert {file.name for file in (written / "code").iterdir()} == {f"{LOADER}.py", "sparktune.zip"}


def test_the_bundle_inside_is_found_and_verified(written: Path, bundles: dict[str, Bundle]) -> None:
    assert load_bundle(written).manifest == bundles["binary"].manifest


def test_mlflow_loads_it(written: Path, bundles: dict[str, Bundle]) -> None:
    x = inputs("binary", 4)
    model, frame = pyfunc.load_model(str(written)), pd.DataFrame(x.astype("f8"), columns=COLUMNS)
    raw = bundles["binary"].predict(x)
    np.testing.assert_allclose(model.predict(frame, {"output": "raw"}), raw, atol=1e-5)
    answers = model.predict(frame)
    assert [str(kind) for kind in model.metadata.get_output_schema().input_types()] == [
        "DataType.string",
        "DataType.double",
    ]
    assert answers["prediction"].tolist() == bundles["binary"].labels(raw)
    np.testing.assert_allclose(answers["probability"], raw[:, 0], atol=1e-5)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, Bundle, str]:
    """Rows with float32 bytes, arrays of decimals, fractions of some seconds, and dates that pandas lacks.

    With a bundle for them, and it as an MLflow model.
    """
    import keras

    folder, numbers = tmp_path_factory.mktemp("raw"), range(40)
    columns = {
        "city": ["Oslo", "Rome"] * 20,
        "spot": [np.array([i % 7, 1.5], "<f4").tobytes() for i in numbers],
        "prices": pa.array([[Decimal(i % 5), Decimal("0.5")] for i in numbers]),
        "seen": [datetime(2024, 1, 1 + i % 9, 8, 30, 0, i % 2 * 500_000) for i in numbers],
        "ends": [date(9999, 12, 31) if i % 4 else date(2024, 1, 31) for i in numbers],
        "y": [0, 0, 1, 1, 1] * 8,
    }
    data = load_dataset(parse_spec({"data": {"validation": {"last": 4}, "label": "y"}}), pa.table(columns))
    model = keras.Sequential([keras.Input(data.schema.input_shape), keras.layers.Dense(1, "sigmoid")])
    model.save(folder / "m.keras")
    bundle = export_bundle(
        folder / "m.keras", data.schema, lineage(), folder / "bundle", ["numpy", "keras"], data.example
    )
    write_mlmodel(bundle, folder / "model", "run-1", LOGGED)
    return pa.table(columns).drop_columns("y"), bundle, str(folder / "model")


def test_its_example_has_raw_rows_of_every_type(raw: tuple[pa.Table, Bundle, str]) -> None:
    rows, bundle, folder = raw
    found = pyfunc.load_model(folder)
    example = found.metadata.load_input_example(folder)
    assert example["spot"].tolist() == [[0.0, 1.5], [1.0, 1.5], [2.0, 1.5]]
    assert example["prices"].tolist() == [[0.0, 0.5], [1.0, 0.5], [2.0, 0.5]]
    seen = [datetime(2024, 1, 1 + i, 8, 30, 0, i % 2 * 500_000) for i in range(3)]
    assert list(map(datetime.fromisoformat, example["seen"])) == seen
    assert example["ends"].tolist() == ["2024-01-31", "9999-12-31", "9999-12-31"]
    np.testing.assert_allclose(
        found.predict(example, {"output": "raw"}), bundle.predict(bundle.rows(rows[:3]))
    )


def test_mlflow_takes_raw_rows_as_the_bundle_does(raw: tuple[pa.Table, Bundle, str]) -> None:
    rows, bundle, folder = raw
    model, frame, nowhere = pyfunc.load_model(folder), rows.to_pandas(), [None] * len(rows)
    far = np.array(["9999-12-31 08:30:00.5"] * len(rows), "datetime64[us]")
    moments: dict[str, list[Any]] = {
        "ends": [frame["ends"], frame["ends"].astype(str), far, nowhere, np.full(len(rows), np.nan)],
        "seen": [frame["seen"], frame["seen"].astype(str), far, nowhere, frame["seen"].astype("category")],
    }
    for name, columns in moments.items():
        for column in columns:
            given = frame.assign(**{name: column})
            expected = bundle.predict(bundle.rows(given))
            np.testing.assert_allclose(model.predict(given, {"output": "raw"}), expected, atol=1e-6)
    unknown = frame.assign(city=nowhere)
    assert model.predict(unknown)["probability"].notna().all()
    with pytest.raises(MlflowException, match=r"missing inputs \['ends'\]"):
        model.predict(frame.drop(columns="ends"))
    assert model.metadata.get_input_schema().optional_input_names() == []
    assert str(model.metadata.get_input_schema().input_dict()["city"].type) == "DataType.string"


def test_its_requirements_are_what_is_installed(written: Path, caplog: pytest.LogCaptureFixture) -> None:
    for kind in ("pip", "conda"):
        assert "tensorflow==" in Path(pyfunc.get_model_dependencies(str(written), kind)).read_text()
    lines = (written / "requirements.txt").read_text().splitlines()
    assert [line.split("==")[0] for line in lines] == PINNED
    warn_dependency_requirement_mismatches(lines)
    assert "mismatch" not in caplog.text


@pytest.mark.parametrize("engines", [["tensorflow"], ["tensorflow", "abacus"]])
def test_only_the_engines_of_the_bundle_that_are_installed_are_pinned(engines: list[str]) -> None:
    names = [line.split("==")[0] for line in pins(engines)]
    assert names == [name for name in PINNED if name != "keras"]


def of_an_earlier_version(written: Path, folder: Path, loader: str) -> Path:
    """The layout of earlier versions: `code` is one archive, the loader a module inside; outputs are raw."""
    shutil.copytree(written, folder)
    (folder / "code" / f"{LOADER}.py").unlink()
    content = entry(folder)
    (data,) = (folder / "data").iterdir()
    data.rename(folder / "data" / "bundle")
    content["flavors"]["python_function"].update(
        loader_module=loader, code="code/sparktune.zip", data="data/bundle"
    )
    content["signature"].pop("params")
    (folder / "MLmodel").write_text(yaml.safe_dump(content))
    return folder


@pytest.mark.parametrize("loader", LOADERS[1:])
def test_models_of_earlier_versions_load(
    written: Path, bundles: dict[str, Bundle], tmp_path: Path, loader: str
) -> None:
    folder = of_an_earlier_version(written, tmp_path / "old", loader)
    assert load_bundle(folder).manifest == bundles["binary"].manifest
    expected = bundles["binary"].predict(np.full((1, 20), 0.5, "f4"))
    frame = pd.DataFrame({name: [0.5] for name in COLUMNS})
    np.testing.assert_allclose(pyfunc.load_model(str(folder)).predict(frame), expected, atol=1e-5)
