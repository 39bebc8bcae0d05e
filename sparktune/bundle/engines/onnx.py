"""ONNX as an engine: convolutional and recurrent networks score without TensorFlow."""

import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Self, final

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.onnx_writer import onnx_model
from sparktune.bundle.engines.program.simplified import simplified
from sparktune.bundle.engines.program.translation import translate
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.manifest import Manifest, Tensor
from sparktune.errors import BundleError
from sparktune.quiet import quiet

FILE = "model.onnx"
CHUNK_BYTES = 8 * 2**20
CHUNK_ROWS = (64, 8192)


@final
class OnnxEngine(Engine):
    """The model as ONNX, computed by onnxruntime.

    The built-in kinds, and what has the same layers, are written here; models with other layers by Keras'
    own export. It comes with `pip install 'sparktune[onnx]'`: `onnx` and `tf2onnx` write the model,
    `onnxruntime` is all that scoring needs.
    """

    requires = ("onnxruntime",)
    light = True
    _threads: ClassVar[int] = 0  # onnxruntime's own choice, but in a process that does nothing but score

    def __init__(self, session: Any, tensor: Tensor, outputs: int) -> None:
        self._session = session
        (taken,) = session.get_inputs()
        self._input = taken.name
        self._dtype = np.float32 if taken.type == "tensor(float)" else np.dtype(tensor.dtype)
        self._outputs = outputs
        self._tensor = tensor
        widest = int(np.prod(tensor.shape))
        self._rows = int(np.clip(CHUNK_BYTES // (4 * widest), *CHUNK_ROWS))

    @classmethod
    def export(cls, trained: TrainedModel, folder: Path) -> str:
        """Write the model as ONNX.

        Raises:
            BundleError: it has a layer that is not written, by Keras neither, or the extra is not installed.
        """
        try:
            import onnx  # noqa: F401
        except ImportError:
            raise BundleError(
                "the engine onnx needs the packages onnx and onnxruntime; pip install 'sparktune[onnx]'"
            ) from None
        try:
            content = onnx_model(simplified(translate(trained.model)))
        except BundleError as error:
            content = exported_by_keras(trained, error)
        (folder / FILE).write_bytes(content)
        return FILE

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> Self:
        """One session, which runs on the CPU."""
        try:
            import onnxruntime
        except ImportError:
            raise BundleError("the engine onnx needs onnxruntime; pip install 'sparktune[onnx]'") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cls._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        content = (folder / manifest.engines["onnx"]).read_bytes()
        try:
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # of onnxruntime, which has many kinds
            raise BundleError(
                f"onnxruntime cannot compute the model: {str(error)[:300]!r}; export it with another engine"
            ) from error
        return cls(session, manifest.tensor, manifest.columns.outputs)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Raw outputs, float32 (rows, outputs), of inputs (rows, ...) in the order of the columns."""
        if not len(x):  # recurrent networks of onnxruntime end the process then
            return np.empty((0, self._outputs), np.float32)
        shape = self._tensor.shape
        chunks = []
        for start in range(0, len(x), self._rows):
            rows = x[start : start + self._rows]
            inputs = rows.astype(self._tensor.dtype, copy=False).astype(self._dtype, copy=False)
            feed = {self._input: np.ascontiguousarray(inputs).reshape(len(rows), *shape)}
            chunks.append(self._session.run(None, feed)[0].reshape(len(rows), self._outputs))
        return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)

    @classmethod
    def limit_threads(cls, threads: int) -> None:
        """One thread for each core of a task."""
        cls._threads = threads


def exported_by_keras(trained: TrainedModel, reason: BundleError) -> bytes:
    """The ONNX model that Keras itself exports.

    Raises:
        BundleError: tf2onnx, which Keras does it with, is not installed, or cannot write a layer; `reason`
            says why the model needs it.
    """
    if find_spec("tf2onnx") is None:
        raise BundleError(f"{reason}; its export to ONNX needs tf2onnx: pip install 'sparktune[onnx]'")
    with tempfile.TemporaryDirectory(prefix="sparktune-") as folder, quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, on names of its first version
        file = Path(folder) / FILE
        try:
            # Keras exports no model that was loaded and never called.
            trained.model(np.zeros((1, *trained.tensor.shape), trained.tensor.dtype))
            trained.model.export(file, format="onnx", verbose=False)
        except Exception as error:  # whatever tf2onnx raises
            first = str(error).partition("\n")[0]
            raise BundleError(f"{reason}; it cannot be exported to ONNX: {first}") from error
        return file.read_bytes()
