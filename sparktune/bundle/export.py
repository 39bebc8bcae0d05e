"""A trained model becomes a bundle: written beside its place, checked, then put there in one step."""

import platform
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.engines.keras import Engine, load_keras, tensor_of
from sparktune.bundle.engines.savedmodel import input_names, write_saved_model
from sparktune.bundle.manifest import (
    KERAS,
    MANIFEST,
    SAVED_MODEL,
    Lineage,
    Manifest,
    Tensor,
    digests,
    read_manifest,
)
from sparktune.columns.schema import Schema
from sparktune.errors import BundleError

PACKAGES = ("sparktune", "keras", "tensorflow", "numpy")


def export_bundle(model_file: Path, schema: Schema, lineage: Lineage, directory: Path) -> Bundle:
    """Write the model in a `.keras` file as a bundle in the folder `directory`.

    A bundle of the same study that lies there is replaced, and only when the new one is complete: whatever
    fails, a full disk included, the old one stays.

    Raises:
        BundleError: the model cannot be loaded safely or does not fit the schema, `directory` holds something
            else than a bundle of this study, or it cannot be written.
    """
    directory = directory.absolute()
    _check_place(directory, lineage)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}.", dir=directory.parent) as draft:
            folder = Path(draft) / "bundle"
            manifest = _write(model_file, schema, lineage, folder)
            _put(folder, directory)
    except OSError as error:
        raise _unwritten(directory, error) from error
    return Bundle(directory, manifest)


def move_bundle(source: Path, directory: Path) -> None:
    """Put the bundle in the folder `source` into the folder `directory`, as if it had been written there.

    Raises:
        BundleError: `directory` holds something else than a bundle of this study, or cannot be written.
    """
    directory = directory.absolute()
    _check_place(directory, read_manifest(source).lineage)
    try:
        _put(source, directory)
    except OSError as error:
        raise _unwritten(directory, error) from error


def previous(directory: Path) -> Path:
    """Where the bundle at `directory` waits while its successor takes its place."""
    return directory.with_name(f".{directory.name}.previous")


def _write(model_file: Path, schema: Schema, lineage: Lineage, folder: Path) -> Manifest:
    folder.mkdir()
    shutil.copyfile(model_file, folder / KERAS)
    model = load_keras(folder / KERAS)
    tensor = tensor_of(model, schema.input_shape)
    _check_outputs(Engine(model, tensor), tensor, schema)
    write_saved_model(model, tensor, schema, folder / SAVED_MODEL)
    manifest = Manifest(
        schema=schema,
        tensor=tensor,
        serving=input_names(schema),
        lineage=lineage,
        engines={"keras": KERAS, "tensorflow": SAVED_MODEL},
        versions={"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        files=digests(folder),
    ).sealed()
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _check_place(directory: Path, lineage: Lineage) -> None:
    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return
    try:
        owner = read_manifest(directory).lineage.study_id
    except BundleError:
        owner = None
    if owner != lineage.study_id:
        what = "something else than a bundle" if owner is None else f"a bundle of study {owner!r}"
        raise BundleError(
            f"the bundle's place {str(directory)!r} must be free or hold a bundle of study "
            f"{lineage.study_id!r}, but it holds {what}; remove it or choose another place"
        )


def _check_outputs(engine: Engine, tensor: Tensor, schema: Schema) -> None:
    outputs = engine(np.zeros((2, *tensor.shape), tensor.dtype)).shape[1]
    if outputs != schema.outputs:
        raise BundleError(f"the model must have {schema.outputs} outputs ({schema.task}), but got {outputs}")


def _put(folder: Path, directory: Path) -> None:
    """Move a complete bundle to its place; `load_bundle` reads the previous one in between."""
    old = previous(directory)
    if directory.exists():
        shutil.rmtree(old, ignore_errors=True)
        directory.rename(old)
    try:
        folder.rename(directory)
    except OSError:
        if old.exists():
            old.rename(directory)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _unwritten(directory: Path, error: OSError) -> BundleError:
    return BundleError(f"the bundle {str(directory)!r} cannot be written: {error}; nothing was replaced")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
