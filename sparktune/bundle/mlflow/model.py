"""A bundle as the folder of an MLflow model, which any MLflow loads as a pyfunc."""

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import yaml

from sparktune.bundle.bundle import Bundle
from sparktune.columns.schema import Feature, Schema

LOADER = "sparktune.bundle.mlflow.pyfunc"
DATA = "data/bundle"
CODE = "code/sparktune.zip"
RUNTIME = ("mlflow", "keras", "tensorflow", "numpy", "pandas", "pyarrow", "pydantic", "PyYAML")
BUILD = ("pip", "setuptools", "wheel")


def write_mlmodel(bundle: Bundle, folder: Path, run_id: str, logged: Any) -> None:
    """Write into `folder`: the bundle, this package's code, signature and pinned requirements.

    `mlflow.pyfunc.save_model` would write the same, after it has compared the pins with every installed
    package, for 0.3 s.
    """
    from mlflow.models import Model

    shutil.copytree(bundle.path, folder / DATA)
    _write_code(folder / CODE)
    _write_environment(folder)
    entry = Model(
        artifact_path=logged.artifact_location,
        model_uuid=logged.model_id,
        model_id=logged.model_id,
        run_id=run_id,
        signature=signature(bundle.schema),
        model_size_bytes=sum(file.stat().st_size for file in (folder / DATA).rglob("*") if file.is_file()),
    )
    entry.add_flavor(
        "python_function",
        loader_module=LOADER,
        python_version=platform.python_version(),
        data=DATA,
        code=CODE,  # what MLflow puts on Python's path
        env={"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
        streamable=False,
    )
    entry.save(str(folder / "MLmodel"))


def _write_code(target: Path) -> None:
    """This package's modules in one file: each file of a model costs a request of its own."""
    package = Path(__file__).parents[2]
    target.parent.mkdir()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for module in sorted(package.rglob("*.py")):
            archive.write(module, module.relative_to(package.parent))


def _write_environment(folder: Path) -> None:
    """What scoring needs, pinned to what is installed here, for pip, virtualenv and conda."""
    python, pins, build = platform.python_version(), _pins(*RUNTIME), _pins(*BUILD)
    pip = {"python": python, "build_dependencies": build, "dependencies": ["-r requirements.txt"]}
    conda = [f"python={python}", "pip", {"pip": pins}]
    (folder / "requirements.txt").write_text("\n".join(pins), encoding="utf-8")
    (folder / "python_env.yaml").write_text(yaml.safe_dump(pip, sort_keys=False), encoding="utf-8")
    environment = {"name": "mlflow-env", "channels": ["conda-forge"], "dependencies": conda}
    (folder / "conda.yaml").write_text(yaml.safe_dump(environment), encoding="utf-8")


def _pins(*packages: str) -> list[str]:
    """The packages that are installed, with their versions."""
    found = []
    for package in packages:
        try:
            found.append(f"{package}=={version(package)}")
        except PackageNotFoundError:
            continue
    return found


def signature(schema: Schema) -> Any:
    """The MLflow signature: a column per feature in; one number, or an array of them, out.

    Scalars have the type they were trained with. Columns of arrays are left to the bundle, which takes any
    numbers in arrays or bytes: MLflow would check each number in Python (measured: 40,000 rows/s of 20
    numbers, before scoring).
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, Array, ColSpec, DataType
    from mlflow.types.schema import Schema as Columns

    scalars = {"b": DataType.boolean, "i": DataType.long, "u": DataType.long, "f": DataType.double}

    def column(feature: Feature) -> Any:
        kind = AnyType() if feature.shape else scalars[np.dtype(feature.dtype).kind]
        return ColSpec(kind, feature.name)

    answer = DataType.float if schema.outputs == 1 else Array(DataType.float)
    return ModelSignature(
        inputs=Columns([column(f) for f in schema.features]), outputs=Columns([ColSpec(answer)])
    )
