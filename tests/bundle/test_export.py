"""A trained model becomes a bundle, and nothing good is lost on the way."""

import json
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest

from sparktune.bundle import Bundle, export_bundle, load_bundle, move_bundle
from sparktune.bundle.engines.savedmodel import SavedModelEngine
from sparktune.bundle.export import previous
from sparktune.errors import BundleError
from tests.bundle.models import BINARY, CLASSES, keras_model, lineage, make


def test_manifest_names_inputs_outputs_labels_engines_and_digests(bundles: dict[str, Bundle]) -> None:
    manifest = json.loads((bundles["classes"].path / "manifest.json").read_text())
    assert manifest["format"] == 1
    assert manifest["schema"]["features"] == [{"name": "pixels", "dtype": "uint8", "shape": [8, 8]}]
    assert (manifest["schema"]["outputs"], manifest["schema"]["task"]) == (3, "classes")
    assert manifest["schema"]["classes"] == [10, 20, 30]
    assert manifest["tensor"] == {"shape": [8, 8], "dtype": "float32"}
    assert manifest["serving"] == {"pixels": "pixels"}
    files = {"numpy": "program.npz", "keras": "model.keras", "tensorflow": "saved_model"}
    assert manifest["engines"] == files
    assert manifest["lineage"]["params"] == {"neurons": 64, "learning_rate": 0.01}
    assert manifest["versions"]["keras"] == keras.__version__
    assert list(manifest["versions"]) == ["python", "sparktune", "keras", "tensorflow", "numpy"]
    assert {"model.keras", "saved_model/saved_model.pb"} <= set(manifest["files"])


def test_schema_and_lineage_come_back(bundles: dict[str, Bundle]) -> None:
    again = load_bundle(bundles["binary"].path)
    assert again.schema == BINARY
    assert again.lineage == lineage()


def test_bundle_of_the_same_study_is_replaced(tmp_path: Path) -> None:
    make("binary", tmp_path, trial=1)
    make("binary", tmp_path, trial=2)
    assert load_bundle(tmp_path / "bundle").lineage.trial == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle", "trained.keras"]


def test_bundle_of_another_study_is_refused(tmp_path: Path) -> None:
    make("binary", tmp_path)
    with pytest.raises(BundleError, match="it holds a bundle of study '1f2e'"):
        make("binary", tmp_path, study_id="other")
    assert load_bundle(tmp_path / "bundle").lineage.study_id == "1f2e"


def test_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="something else than a bundle"):
        make("binary", tmp_path)
    assert (tmp_path / "bundle" / "thesis.txt").read_text() == "years of work"


def test_a_bundle_moves_to_its_place_unless_that_is_another_studys(tmp_path: Path) -> None:
    make("binary", tmp_path, trial=1).path.rename(tmp_path / "first")
    make("binary", tmp_path, trial=2).path.rename(tmp_path / "second")
    make("binary", tmp_path, study_id="other").path.rename(tmp_path / "strange")
    move_bundle(tmp_path / "first", tmp_path / "place")
    move_bundle(tmp_path / "second", tmp_path / "place")
    with pytest.raises(BundleError, match="it holds a bundle of study '1f2e'"):
        move_bundle(tmp_path / "strange", tmp_path / "place")
    assert load_bundle(tmp_path / "place").lineage.trial == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["place", "strange", "trained.keras"]


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file grows beyond `size` bytes."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


@pytest.mark.fault("the disk is full while a bundle is written: the former one stays")
@pytest.mark.parametrize("full_at", ["model.keras", "saved_model/saved_model.pb"])
def test_full_disk_keeps_the_former_bundle(tmp_path: Path, full_at: str) -> None:
    bundle = make("binary", tmp_path, trial=1)
    size = (bundle.path / full_at).stat().st_size - 1
    with full_disk(size), pytest.raises(BundleError, match="cannot be written"):
        export_bundle(tmp_path / "trained.keras", BINARY, lineage(trial=2), tmp_path / "bundle")
    assert load_bundle(tmp_path / "bundle").lineage.trial == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle", "trained.keras"]


def test_driver_killed_between_the_renames_loses_nothing(tmp_path: Path) -> None:
    bundle = make("binary", tmp_path, trial=1)
    bundle.path.rename(previous(bundle.path))
    assert load_bundle(tmp_path / "bundle").lineage.trial == 1
    make("binary", tmp_path, trial=2)
    assert load_bundle(tmp_path / "bundle").lineage.trial == 2


def test_model_that_does_not_fit_the_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "m.keras"
    keras_model("binary").save(file)
    with pytest.raises(BundleError, match=r"shape \(8, 8\), but got \(20,\)"):
        export_bundle(file, CLASSES, lineage(), tmp_path / "bundle")
    several = BINARY.model_copy(update={"task": "classes", "outputs": 2})
    with pytest.raises(BundleError, match=r"2 outputs \(classes\), but got 1"):
        export_bundle(file, several, lineage(), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_model_with_code_inside_is_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((20,)), keras.layers.Lambda(lambda x: x), keras.layers.Dense(1)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(BundleError, match="Lambda layers"):
        export_bundle(tmp_path / "m.keras", BINARY, lineage(), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


@pytest.mark.filterwarnings("ignore:(?s).*The structure of `inputs` doesn't match")  # Keras takes it
def test_what_numpy_fails_at_keras_predicts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    inputs = keras.Input((20,), name="x")
    keras.Model({"x": inputs}, keras.layers.Dense(1, "sigmoid")(inputs)).save(tmp_path / "m.keras")
    bundle = export_bundle(tmp_path / "m.keras", BINARY, lineage(), tmp_path / "bundle")
    assert bundle.manifest.engine == "keras"
    (warning,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert re.fullmatch(
        r"the engine 'numpy' cannot be run: KeyError.*; a bundle is exported without it.*", warning
    )
    with pytest.raises(BundleError, match="the engine 'numpy' cannot be run: KeyError"):
        export_bundle(tmp_path / "m.keras", BINARY, lineage(), tmp_path / "bundle", ["numpy"])


def test_an_engine_that_does_not_predict_by_default_is_compared_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that differs is left out, or refused where it was asked for."""
    monkeypatch.setattr(SavedModelEngine, "predict", lambda self, x: np.full((len(x), 1), 2, "f4"))
    bundle = make("binary", tmp_path)
    assert list(bundle.manifest.engines) == ["numpy", "keras"]
    assert not (bundle.path / "saved_model").exists()
    with pytest.raises(BundleError, match="SavedModelEngine must answer what Keras does"):
        export_bundle(
            tmp_path / "trained.keras", BINARY, lineage(), tmp_path / "other", ["numpy", "tensorflow"]
        )
