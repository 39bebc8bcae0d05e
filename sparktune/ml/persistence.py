"""A bundle inside Spark's own format of models: beside the parameters, a table of its files."""

import tempfile
from pathlib import Path
from typing import Any, final

from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter, MLReader, MLWriter

from sparktune.bundle import Bundle
from sparktune.errors import ScoringError
from sparktune.scoring.batch import load_model
from sparktune.temporary import driver_folder

FILES = "bundle"


@final
class BundleWriter(MLWriter):
    """Writes a model's parameters and bundle to any file system that Spark can write to."""

    def __init__(self, model: Any, bundle: Bundle) -> None:
        super().__init__()
        self._model = model
        self._bundle = bundle

    def saveImpl(self, path: str) -> None:
        """Write both below `path`, which is empty."""
        import pyarrow as pa

        chosen = {"engine": self._bundle.manifest.engine}
        DefaultParamsWriter.saveMetadata(self._model, path, self.sparkSession, chosen)
        root = self._bundle.path
        files = sorted(file for file in root.rglob("*") if file.is_file())
        names = [file.relative_to(root).as_posix() for file in files]
        table = pa.table({"name": names, "content": [file.read_bytes() for file in files]})
        self.sparkSession.createDataFrame(table).coalesce(1).write.parquet(f"{path}/{FILES}")


@final
class BundleReader(MLReader):
    """Reads what `BundleWriter` wrote."""

    def __init__(self, kind: type) -> None:
        super().__init__()
        self._kind = kind

    def load(self, path: str) -> Any:
        """The model: `kind` of the bundle, with its parameters and the engine that it had.

        Raises:
            ScoringError: its bundle was changed.
        """
        name = f"{self._kind.__module__}.{self._kind.__name__}"
        metadata = DefaultParamsReader.loadMetadata(path, self.sparkSession, name)
        folder = Path(tempfile.mkdtemp(prefix="model-", dir=driver_folder()))
        for row in self.sparkSession.read.parquet(f"{path}/{FILES}").toLocalIterator():
            file = folder / row.name
            if not file.resolve().is_relative_to(folder.resolve()):
                raise ScoringError(f"the model at {path} was changed: {row.name!r} is no file of a bundle")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(row.content)
        model = self._kind(load_model(folder, engine=metadata.get("engine")))
        model._resetUid(metadata["uid"])
        DefaultParamsReader.getAndSetParams(model, metadata)
        return model
