"""A bundle from wherever it lies: a folder, or MLflow."""

import shutil
import tempfile
import weakref
from pathlib import Path

import yaml

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.export import previous
from sparktune.bundle.manifest import MANIFEST, read_manifest, verify_digests
from sparktune.bundle.mlflow.registry import download
from sparktune.errors import BundleError
from sparktune.temporary import driver_folder

# The loaders of the MLflow models that hold a bundle: this version's, then those of earlier versions.
LOADERS = ("sparktune_model", "sparktune.bundle.mlflow.pyfunc", "sparktune.bundle.pyfunc")
SCHEMES = ("models:/", "runs:/", "mlflow-artifacts:/")


def load_bundle(model: str | Path, tracking_uri: str | None = None, *, engine: str | None = None) -> Bundle:
    """The bundle in a folder, or behind `models:/name@champion`, `models:/name/1` or `runs:/RUN_ID/model`.

    Every file is compared with its digest before anything is loaded. What comes from MLflow is kept in a
    temporary folder as long as the bundle lives.

    Args:
        model: the folder, or the MLflow URI.
        tracking_uri: MLflow's; MLFLOW_TRACKING_URI by default.
        engine: what predicts: the one that the bundle names first by default.

    Raises:
        BundleError: there is no bundle, it was changed after the export, or it does not have the engine.
        TrackingError: MLflow does not answer or does not know the model.

    Example:
        >>> load_bundle("study/bundle", engine="keras")  # doctest: +SKIP
    """
    bundle = _opened(model, tracking_uri)
    return bundle if engine is None else bundle.with_engine(engine)


def _opened(model: str | Path, tracking_uri: str | None) -> Bundle:
    """The bundle in a folder; or in a copy from MLflow, which is removed when nobody has the bundle."""
    if not str(model).startswith(SCHEMES):
        return open_folder(Path(model))
    copy = Path(tempfile.mkdtemp(dir=driver_folder()))
    try:
        bundle = open_folder(download(str(model), copy, tracking_uri))
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    weakref.finalize(bundle, shutil.rmtree, copy, ignore_errors=True)
    return bundle


def open_folder(path: Path) -> Bundle:
    """The verified bundle in a folder, or inside an MLflow model's folder."""
    path = path.absolute()
    if not path.exists() and previous(path).exists():
        path = previous(path)
    if not (path / MANIFEST).exists() and (path / "MLmodel").exists():
        path = _inside_mlmodel(path)
    manifest = read_manifest(path)
    verify_digests(path, manifest)
    return Bundle(path, manifest)


def _inside_mlmodel(path: Path) -> Path:
    try:
        content = yaml.safe_load((path / "MLmodel").read_text(encoding="utf-8"))
        flavor = content["flavors"].get("python_function", {})
        loader = flavor.get("loader_module")
        if loader in LOADERS:
            return path / str(flavor["data"])
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
        raise BundleError(f"{str(path / 'MLmodel')!r} is damaged; download the model again") from None
    raise BundleError(
        f"the MLflow model in {str(path)!r} must be one that sparktune logged, but its loader is "
        f"{loader!r}; score it with mlflow.pyfunc.spark_udf instead"
    )
