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
from sparktune.bundle.labels import label_kind
from sparktune.bundle.requirements import BASE, engine_modules, installed_version, package_of
from sparktune.columns.schema import Feature, Schema

if TYPE_CHECKING:
    import pandas as pd

OUTPUT = "output"  # a parameter of MLflow's `predict`
OUTPUTS = ("both", "raw")  # what it may be; the first one by default
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
    return None if found is None else pd.DataFrame(found[1], columns=found[0])


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
    """The MLflow signature: a column per feature in; `prediction` and, of labels, `probability` out.

    Scalars have the type they were trained with. A type that MLflow would not take as the bundle does is
    Any, and left to it: truth values, of which MLflow makes a missing one False; encoded numbers, as it
    refuses whole ones for double, and missing ones for long; dates and times, as it refuses years beyond
    2262; and arrays, of which it would check each number in Python (measured: 40,000 rows/s of 20 numbers,
    before scoring). All columns are required, but encoded values may be missing.
    The parameter `output` may be "raw": the model's outputs as they are. So are the several values of a
    regression.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, Array, ColSpec, DataType, ParamSchema, ParamSpec
    from mlflow.types.schema import Schema as Columns

    scalars = {"i": DataType.long, "u": DataType.long, "f": DataType.double}
    kinds = {"string": DataType.string, "bigint": DataType.long, "boolean": DataType.boolean}

    def column(feature: Feature) -> Any:
        if feature.encoder is not None:
            kind = DataType.string if feature.dtype == "string" else None
        else:
            kind = None if feature.shape else scalars.get(np.dtype(feature.dtype).kind)
        return ColSpec(kind or AnyType(), feature.name)

    if schema.task == "regression":
        several = schema.outputs > 1
        answers = [ColSpec(Array(DataType.float)) if several else ColSpec(DataType.double, "prediction")]
    else:
        label = kinds.get(label_kind(schema), DataType.double)
        answers = [
            ColSpec(Array(label) if schema.task == "labels" else label, "prediction"),
            ColSpec(DataType.double if schema.outputs == 1 else Array(DataType.double), "probability"),
        ]
    return ModelSignature(
        inputs=Columns([column(f) for f in schema.features]),
        outputs=Columns(answers),
        params=ParamSchema([ParamSpec(OUTPUT, DataType.string, OUTPUTS[0])]),
    )
