"""A bundle as the folder of an MLflow model, which any MLflow loads as a pyfunc."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.engines.registry import ENGINES, mlflow_flavors
from sparktune.bundle.example import read_example
from sparktune.bundle.requirements import BASE, engine_modules, installed_version, package_of
from sparktune.columns.schema import Feature, Schema

if TYPE_CHECKING:
    import pandas as pd

LOADER = "sparktune_model"
# What MLflow imports to load the model; this package is put on the path as it was when the model was logged.
LOADER_CODE = """\
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("sparktune.zip")))
from sparktune.bundle.mlflow.pyfunc import _load_pyfunc
"""


def write_mlmodel(bundle: Bundle, folder: Path, run_id: str, logged: Any) -> None:
    """Write the MLflow model into `folder`: the bundle, this package's code, signature, pinned requirements.

    Args:
        bundle: the bundle.
        folder: where to write; it must not exist.
        run_id: the MLflow run that the model belongs to.
        logged: MLflow's entry of the model, `mlflow.entities.LoggedModel`.
    """
    from mlflow import pyfunc
    from mlflow.models import Model

    entry = Model(
        artifact_path=logged.artifact_location,
        model_uuid=logged.model_id,
        model_id=logged.model_id,
        run_id=run_id,
        signature=signature(bundle.schema),
    )
    for flavor, options in mlflow_flavors(bundle.manifest).items():
        entry.add_flavor(flavor, **{**options, "data": f"data/{bundle.path.name}/{options['data']}"})
    with tempfile.TemporaryDirectory(prefix="sparktune-") as code:
        pyfunc.save_model(
            str(folder),
            loader_module=LOADER,
            data_path=str(bundle.path),
            code_paths=[str(file) for file in _write_code(Path(code))],
            mlflow_model=entry,
            input_example=_example(bundle),
            # given, so that MLflow does not load the model to find them
            pip_requirements=pins(bundle.manifest.engines),
        )


def _example(bundle: Bundle) -> "pd.DataFrame | None":
    """The bundle's own example; None where it has none."""
    import pandas as pd

    found = read_example(bundle.path)
    if found is None:
        return None
    frame = pd.DataFrame(found[1], columns=found[0])
    for feature in bundle.schema.features:
        if feature.encoder is not None and feature.dtype in ("date", "timestamp_ntz"):
            frame[feature.name] = pd.to_datetime(frame[feature.name])
    return frame


def _write_code(folder: Path) -> list[Path]:
    """The loader, and this package's modules in one file: each file of a model costs a request of its own."""
    package = Path(__file__).parents[2]
    loader, modules = folder / f"{LOADER}.py", folder / "sparktune.zip"
    loader.write_text(LOADER_CODE, encoding="utf-8")
    with ZipFile(modules, "w", ZIP_DEFLATED) as archive:
        for module in sorted(package.rglob("*.py")):
            archive.write(module, module.relative_to(package.parent))
    return [loader, modules]


def pins(engines: Iterable[str]) -> list[str]:
    """What scoring needs, pinned to what is installed here; an engine that is not installed pins nothing."""
    modules = "mlflow", *engine_modules(name for name in engines if name in ENGINES), *BASE
    versions = {package: installed_version(package) for package in map(package_of, modules)}
    return [f"{package}=={number}" for package, number in versions.items() if number]


def signature(schema: Schema) -> Any:
    """The MLflow signature: a column per feature in; one number, or an array of them, out.

    Scalars have the type they were trained with. Encoded columns may be missing; those of numbers are left
    to the bundle, as MLflow refuses whole numbers for double, and missing ones for long. Columns of arrays
    are left to it, too, which takes any numbers in arrays or bytes: MLflow would check each number in Python
    (measured: 40,000 rows/s of 20 numbers, before scoring).
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, Array, ColSpec, DataType
    from mlflow.types.schema import Schema as Columns

    scalars = {"b": DataType.boolean, "i": DataType.long, "u": DataType.long, "f": DataType.double}

    raw = {"string": DataType.string, "boolean": DataType.boolean}
    raw |= dict.fromkeys(("date", "timestamp_ntz"), DataType.datetime)

    def column(feature: Feature) -> Any:
        if feature.encoder is not None:
            return ColSpec(raw.get(feature.dtype) or AnyType(), feature.name, required=False)
        kind = AnyType() if feature.shape else scalars[np.dtype(feature.dtype).kind]
        return ColSpec(kind, feature.name)

    answer = DataType.float if schema.outputs == 1 else Array(DataType.float)
    return ModelSignature(
        inputs=Columns([column(f) for f in schema.features]), outputs=Columns([ColSpec(answer)])
    )
