"""Nothing is loaded that was changed after the export, or that could run code."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import pytest

from sparktune.bundle import Bundle, load_bundle
from sparktune.errors import BundleError


@pytest.fixture
def copy(bundles: dict[str, Bundle], tmp_path: Path) -> Path:
    """A bundle that may be changed."""
    return Path(shutil.copytree(bundles["binary"].path, tmp_path / "copy"))


@pytest.mark.parametrize("name", ["model.keras", "saved_model/saved_model.pb"])
def test_changed_file_is_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(BundleError, match="was changed after the export"):
        load_bundle(copy)


def test_missing_file_is_refused(copy: Path) -> None:
    (copy / "model.keras").unlink()
    with pytest.raises(BundleError, match="missing from the bundle"):
        load_bundle(copy)


@pytest.mark.parametrize("name", ["extra", "saved_model/extra", "saved_model/assets/more/words.txt"])
def test_added_file_is_refused(copy: Path, name: str) -> None:
    (copy / name).parent.mkdir(parents=True, exist_ok=True)
    (copy / name).write_text("not of the study")
    with pytest.raises(BundleError, match=f"{name}' was added after the export"):
        load_bundle(copy)


def test_added_link_is_refused(copy: Path, tmp_path: Path) -> None:
    (copy / "saved_model" / "elsewhere").symlink_to(tmp_path)
    with pytest.raises(BundleError, match="elsewhere' was added after the export"):
        load_bundle(copy)


def test_changed_label_map_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["schema"]["classes"] = ["yes", "no"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="its digest does not fit"):
        load_bundle(copy)


def test_format_of_a_later_version_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(BundleError, match="not a manifest that this version reads"):
        load_bundle(copy)


def test_folder_without_a_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"must be a bundle.*models:/name@champion"):
        load_bundle(tmp_path / "nowhere")


DAMAGED = (
    "flavors: [",
    "flavors",
    "",
    "flavors: 3",
    "flavors: {python_function: }",
    "flavors: {python_function: {loader_module: sparktune_model}}",
)


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_entry_of_mlflow_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(BundleError, match="MLmodel' is damaged; download the model again"):
        load_bundle(tmp_path)


def test_unsafe_keras_is_refused(bundles: dict[str, Bundle]) -> None:
    bundle = load_bundle(bundles["binary"].path)

    def load_unsafely() -> object:
        keras.config.enable_unsafe_deserialization()
        return bundle.model

    with ThreadPoolExecutor(1) as thread:  # Keras keeps the switch per thread: this one ends with it
        error = thread.submit(load_unsafely).exception()
    assert isinstance(error, BundleError)
    assert "enable_unsafe_deserialization" in str(error)
