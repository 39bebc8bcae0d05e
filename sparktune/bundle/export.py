"""A trained model becomes a bundle: written beside its place, checked, then put there in one step."""

import logging
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.checks import check_engine
from sparktune.bundle.engines.registry import EXPORTED, FALLBACK, REFERENCE, engine_class, load_engine
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.example import Example, write_example
from sparktune.bundle.manifest import MANIFEST, Lineage, Manifest, digests, input_names, read_manifest
from sparktune.bundle.requirements import engine_modules, installed_version, package_of
from sparktune.columns.schema import Schema
from sparktune.errors import BundleError

FEW_ROWS = 64  # on which the engines are compared that do not predict by default

log = logging.getLogger("sparktune")


def export_bundle(
    model_file: Path,
    schema: Schema,
    lineage: Lineage,
    directory: Path,
    engines: Sequence[str] | None = None,
    example: Example | None = None,
    verify_on: np.ndarray | None = None,
) -> Bundle:
    """Write the model in a `.keras` file as a bundle in the folder `directory`.

    A bundle of the same study that lies there is replaced, and only when the new one is complete: whatever
    fails, a full disk included, the old one stays.

    Args:
        model_file: the trained model.
        schema: its columns, task and label map.
        lineage: the study and trial it comes from.
        directory: the bundle's folder.
        engines: the names of the engines to write; the first one predicts. By default `numpy`, `keras` and
            `tensorflow`, of which only those are written that answer what Keras does.
        example: raw inputs (rows, *input_shape), of which the bundle keeps the first few for its users; of
            encoded columns rows of their raw values, as JSON has them.
        verify_on: raw inputs (rows, *input_shape), on which the engine that predicts must answer what Keras
            does, the first 10,000 rows, and each other one on the first 64. By default two made-up rows.

    Raises:
        BundleError: the model cannot be loaded safely or does not fit the schema, an engine is not installed
            or does not answer what Keras does, `directory` holds something else than a bundle of this study,
            or it cannot be written.
    """
    directory = directory.absolute()
    _check_place(directory, lineage)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}.", dir=directory.parent) as draft:
            folder = Path(draft) / "bundle"
            trained = TrainedModel(model_file, schema)
            choices = [engines] if engines is not None else [EXPORTED, FALLBACK, EXPORTED[:2], FALLBACK[:1]]
            for choice in choices:
                try:
                    manifest, engine = _write(trained, lineage, folder, choice, example, verify_on)
                    break
                except BundleError as error:
                    if choice is choices[-1]:
                        raise
                    log.info("the bundle is exported without one of %s: %s", ", ".join(choice), error)
                    shutil.rmtree(folder)
            _put(folder, directory)
    except OSError as error:
        raise _unwritten(directory, error) from error
    return Bundle(directory, manifest, engine)


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


def _write(
    trained: TrainedModel,
    lineage: Lineage,
    folder: Path,
    engines: Sequence[str],
    example: Example | None,
    verify_on: np.ndarray | None,
) -> tuple[Manifest, Engine]:
    """Write every engine, then the manifest; they are loaded back and compared."""
    folder.mkdir()
    if example is not None:
        write_example(folder, trained.schema, example)
    files = {}
    for name in engines:
        with _bundle_errors(name, (BundleError, OSError)):  # the disk may be full
            files[name] = engine_class(name).export(trained, folder)
    modules = "sparktune", *engine_modules(engines), "numpy"  # by whose versions outputs may differ
    versions = {module: installed_version(package_of(module)) or "unknown" for module in modules}
    manifest = Manifest(
        schema=trained.schema,
        tensor=trained.tensor,
        serving=input_names(trained.schema),
        lineage=lineage,
        engines=files,
        versions={"python": platform.python_version(), **versions},
        files=digests(folder),
    ).sealed()
    with _bundle_errors(manifest.engine):
        engine = load_engine(folder, manifest)
        check_engine(engine, trained, verify_on)
    _check_others(trained, folder, manifest, verify_on)
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest, engine


def _check_others(trained: TrainedModel, folder: Path, manifest: Manifest, rows: np.ndarray | None) -> None:
    """Compare the engines that do not predict by default, on few rows: the copied Keras model needs none.

    Raises:
        BundleError: one answers something else than Keras, or cannot be loaded.
    """
    for name in manifest.engines:
        if name not in (manifest.engine, REFERENCE):
            with _bundle_errors(name):
                other = load_engine(folder, manifest.with_engine(name))
                check_engine(other, trained, None if rows is None else rows[:FEW_ROWS])


@contextmanager
def _bundle_errors(engine: str, but: tuple[type[Exception], ...] = (BundleError,)) -> Iterator[None]:
    """What an engine raises as a BundleError, `but` for these; what Keras itself raises stays as it is.

    Raises:
        BundleError: the engine cannot be run.
    """
    try:
        yield
    except but:
        raise
    except Exception as error:
        if engine == REFERENCE:
            raise
        said = f"the engine {engine!r} cannot be run: {error!r}"
        log.warning("%s; a bundle is exported without it unless it was asked for", said)
        raise BundleError(said) from error


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
    return BundleError(
        f"the bundle {str(directory)!r} cannot be written: {error.strerror or error}; nothing was replaced. "
        "Free space there: the same command then exports it"
    )
