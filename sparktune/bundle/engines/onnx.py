"""ONNX as an engine: convolutional and recurrent networks score without TensorFlow."""

from pathlib import Path
from typing import Any, ClassVar, Self, final

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.onnx_writer import INPUT, onnx_model
from sparktune.bundle.engines.program.program import Program
from sparktune.bundle.engines.program.simplified import simplified
from sparktune.bundle.engines.program.translation import translate
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.manifest import Manifest, Tensor
from sparktune.errors import BundleError

FILE = "model.onnx"
CHUNK_BYTES = 8 * 2**20
CHUNK_ROWS = (64, 8192)


@final
class OnnxEngine(Engine):
    """The model as ONNX, computed by onnxruntime: the built-in kinds, and what has the same layers.

    It comes with `pip install 'sparktune[onnx]'`: `onnx` writes the model, `onnxruntime` is all that scoring
    needs.
    """

    requires = ("onnxruntime",)
    _threads: ClassVar[int] = 0  # onnxruntime's own choice, but in a process that does nothing but score

    def __init__(self, session: Any, tensor: Tensor) -> None:
        self._session = session
        (answer,) = session.get_outputs()
        self._outputs = int(answer.shape[1])
        self._tensor = tensor
        widest = int(np.prod(tensor.shape))
        self._rows = int(np.clip(CHUNK_BYTES // (4 * widest), *CHUNK_ROWS))

    @classmethod
    def export(cls, trained: TrainedModel, folder: Path) -> str:
        """Write the model as ONNX.

        Raises:
            BundleError: it has a layer that is not written, or the extra is not installed.
        """
        try:
            import onnx  # noqa: F401
        except ImportError:
            raise BundleError(
                "the engine onnx needs the packages onnx and onnxruntime; pip install 'sparktune[onnx]'"
            ) from None
        program: Program = simplified(translate(trained.model))
        (folder / FILE).write_bytes(onnx_model(program))
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
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return cls(session, manifest.tensor)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Raw outputs, float32 (rows, outputs), of inputs (rows, ...) in the order of the columns."""
        if not len(x):  # recurrent networks of onnxruntime end the process then
            return np.empty((0, self._outputs), np.float32)
        shape = self._tensor.shape
        chunks = []
        for start in range(0, len(x), self._rows):
            rows = x[start : start + self._rows]
            inputs = rows.astype(self._tensor.dtype, copy=False).astype(np.float32, copy=False)
            feed = {INPUT: np.ascontiguousarray(inputs).reshape(len(rows), *shape)}
            chunks.append(self._session.run(None, feed)[0])
        return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)

    @classmethod
    def limit_threads(cls, threads: int) -> None:
        """One thread for each core of a task."""
        cls._threads = threads
