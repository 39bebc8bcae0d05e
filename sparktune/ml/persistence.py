"""A bundle inside Spark's own format of models: beside the parameters, a table of its files."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter, MLReader, MLWriter

from sparktune.bundle import Bundle
from sparktune.errors import ScoringError
from sparktune.scoring.answers import load_model
from sparktune.temporary import driver_folder

if TYPE_CHECKING:
    import pyarrow as pa

FILES = "bundle"
PART = 2**24  # bytes; Spark refuses tasks that hold more than spark.rpc.message.maxSize, 128 MiB by default


@final
class BundleWriter(MLWriter):
    """Writes a model's parameters and bundle to any file system that Spark can write to."""

    def __init__(self, model: Any, bundle: Bundle) -> None:
        super().__init__()
        self._model = model
        self._bundle = bundle

    def saveImpl(self, path: str) -> None:
        """Write both below `path`, which is empty."""
        chosen = {"engine": self._bundle.manifest.engine}
        DefaultParamsWriter.saveMetadata(self._model, path, self.sparkSession, chosen)
        table, tasks = _as_table(self._bundle.path)
        self.sparkSession.createDataFrame(table).coalesce(tasks).write.parquet(f"{path}/{FILES}")


def _as_table(root: Path) -> "tuple[pa.Table, int]":
    """The files below a folder in parts of at most `PART` bytes, and how many tasks write as many each."""
    import pyarrow as pa

    tasks: list[list[dict[str, Any]]] = [[]]
    held = 0
    for file in sorted(file for file in root.rglob("*") if file.is_file()):
        content = file.read_bytes()
        for start in range(0, max(len(content), 1), PART):
            part = content[start : start + PART]
            if held + len(part) > PART:
                tasks.append([])
                held = 0
            held += len(part)
            name = file.relative_to(root).as_posix()
            tasks[-1].append({"name": name, "start": start, "content": part})
    # Each batch is a partition, where all hold more than spark.sql.execution.arrow.localRelationThreshold.
    return pa.Table.from_batches(map(pa.RecordBatch.from_pylist, tasks)), len(tasks)


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
            file.touch()
            with file.open("r+b") as opened:
                opened.seek(row.asDict().get("start", 0))  # earlier versions had files in one part
                opened.write(row.content)
        model = self._kind(load_model(folder, engine=metadata.get("engine")))
        model._resetUid(metadata["uid"])
        DefaultParamsReader.getAndSetParams(model, metadata)
        return model
