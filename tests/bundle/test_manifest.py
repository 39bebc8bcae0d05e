"""What a bundle says about itself, and what is believed of it."""

import json
import shutil
from pathlib import Path

import pytest

from sparktune.bundle import Bundle
from sparktune.bundle.manifest import Manifest, digests, input_names, read_manifest, verify_digests
from sparktune.columns.schema import Feature, Schema
from sparktune.errors import BundleError
from sparktune.spec.size import MAX_VALUES


@pytest.fixture
def copy(bundles: dict[str, Bundle], tmp_path: Path) -> Path:
    """A bundle's folder that may be changed."""
    return Path(shutil.copytree(bundles["regression"].path, tmp_path / "copy"))


def test_it_comes_back_as_it_was_written(bundles: dict[str, Bundle]) -> None:
    manifest = bundles["classes"].manifest
    assert Manifest.from_json(manifest.to_json(), "text") == manifest
    assert read_manifest(bundles["classes"].path) == manifest


def test_a_manifest_may_hold_more_than_a_study_file(bundles: dict[str, Bundle]) -> None:
    manifest = bundles["classes"].manifest
    many = manifest.columns.model_copy(update={"classes": tuple(range(MAX_VALUES))})
    large = manifest.model_copy(update={"columns": many}).sealed()
    assert Manifest.from_json(large.to_json(), "text") == large


def test_only_a_lineage_with_a_source_names_it(bundles: dict[str, Bundle]) -> None:
    """Bundles of before have none, and their digests stay."""
    manifest = bundles["classes"].manifest
    assert "source" not in json.loads(manifest.to_json())["lineage"]
    lineage = manifest.lineage.model_copy(update={"source": "def build(): pass"})
    sourced = manifest.model_copy(update={"lineage": lineage}).sealed()
    assert Manifest.from_json(sourced.to_json(), "text").lineage.source == "def build(): pass"
    assert sourced.digest != manifest.digest


def test_the_first_engine_predicts(bundles: dict[str, Bundle]) -> None:
    manifest = bundles["binary"].manifest
    assert manifest.engine == "numpy"
    swapped = dict(reversed(manifest.engines.items()))
    again = manifest.model_copy(update={"engines": swapped}).sealed()
    assert Manifest.from_json(again.to_json(), "text").engine == "tensorflow"


def test_another_engine_may_predict(bundles: dict[str, Bundle]) -> None:
    manifest = bundles["binary"].manifest
    chosen = manifest.with_engine("keras")
    assert (chosen.engine, chosen.digest) == ("keras", manifest.digest)
    assert Manifest.from_json(chosen.to_json(), "text").engine == "keras"
    with pytest.raises(BundleError, match="must be one that the bundle has, numpy or keras or tensorflow, b"):
        manifest.with_engine("abacus")


def test_a_manifest_without_an_engine_is_refused(bundles: dict[str, Bundle]) -> None:
    content = json.loads(bundles["binary"].manifest.to_json())
    with pytest.raises(BundleError, match=r"here is not a manifest .*engines: .*at least 1 item"):
        Manifest.from_json(json.dumps({**content, "engines": {}}), "here")


def test_every_file_has_a_digest_but_the_manifest(copy: Path) -> None:
    found = digests(copy)
    assert "manifest.json" not in found
    assert found == read_manifest(copy).files
    verify_digests(copy, read_manifest(copy))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engines": {"onnx": "model.onnx"}}, "names the engine 'model.onnx', but gives no digest"),
        ({"files": {"../secret": "0" * 64}}, "lies outside the bundle"),
    ],
)
def test_a_manifest_that_does_not_fit_its_folder_is_refused(
    copy: Path, change: dict[str, dict[str, str]], message: str
) -> None:
    manifest = read_manifest(copy)
    (copy.parent / "secret").write_text("of another")
    merged = {name: {**getattr(manifest, name), **more} for name, more in change.items()}
    with pytest.raises(BundleError, match=message):
        verify_digests(copy, manifest.model_copy(update=merged))


def test_numbered_names_are_free() -> None:
    names = ("a-b", "column_1", "_x", "Column_3")
    schema = Schema(
        features=tuple(Feature(name=n) for n in names), input_shape=(4,), task="regression", outputs=1
    )
    assert list(input_names(schema).values()) == ["column_1_", "column_1", "column_3_", "Column_3"]
