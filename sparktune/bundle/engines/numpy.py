"""NumPy as an engine: dense networks score without TensorFlow."""

from pathlib import Path
from typing import Self, final

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.program.compute import Computation, not_computable
from sparktune.bundle.engines.program.program import read_program, write_program
from sparktune.bundle.engines.program.simplified import simplified
from sparktune.bundle.engines.program.translation import translate
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.manifest import Manifest
from sparktune.errors import BundleError

FILE = "program.npz"


@final
class NumpyEngine(Engine):
    """A network of dense layers, activations, normalisation, scaling, embeddings and one-hot codes.

    Its file has the program as JSON and the weights as NumPy arrays: no code. It starts in milliseconds, and
    a process that scores holds neither TensorFlow nor Keras.
    """

    light = True

    def __init__(self, computation: Computation) -> None:
        self._computation = computation

    @classmethod
    def export(cls, trained: TrainedModel, folder: Path) -> str:
        """Write the model as a program.

        Raises:
            BundleError: it has a layer that NumPy is not used for.
        """
        program = simplified(translate(trained.model))
        if operation := not_computable(program):
            raise BundleError(f"the engine numpy has no {operation.name}: Keras predicts instead")
        write_program(program, folder / FILE)
        return FILE

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> Self:
        """Read the program."""
        program = read_program(folder / manifest.engines["numpy"])
        return cls(Computation(program, manifest.tensor.dtype))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Raw outputs, float32 (rows, outputs), of inputs (rows, ...) in the order of the columns."""
        return self._computation.run(x)
