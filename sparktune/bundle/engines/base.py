"""What computes predictions from a bundle: the interface of every engine."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.manifest import Manifest


class Engine(ABC):
    """One way to compute a model's outputs from files in its bundle.

    A manifest's `engines` names the engines of a bundle, each with its file or folder inside the bundle; the
    first one predicts. An engine is found by its name: `keras` and `tensorflow` are built in, other packages
    add theirs by an entry point of the group `sparktune.engines`.

    `export` gets the trained model, `load` the folder and the manifest of a bundle, `predict` numpy arrays.
    An engine may use any library; it imports that library inside its methods, not at the top of its file.

    Example:
        >>> import numpy as np
        >>> from sparktune.bundle import Engine
        >>> class Sum(Engine):
        ...     @classmethod
        ...     def export(cls, trained, folder):
        ...         kernel, bias = trained.model.get_weights()
        ...         np.savez(folder / "sum.npz", kernel=kernel, bias=bias)
        ...         return "sum.npz"
        ...
        ...     @classmethod
        ...     def load(cls, folder, manifest):
        ...         engine = cls()
        ...         engine.weights = np.load(folder / manifest.engines["sum"])
        ...         return engine
        ...
        ...     def predict(self, x):
        ...         kernel, bias = self.weights["kernel"], self.weights["bias"]
        ...         return x.reshape(-1, len(kernel)).astype("f4") @ kernel + bias
    """

    requires: ClassVar[tuple[str, ...]] = ()
    """The modules that `load` and `predict` import: what the executors need to have."""
    light: ClassVar[bool] = False
    """Whether it loads in a moment, and several of them may predict at once in threads of one process: files
    are then scored without Spark where none is configured."""

    @classmethod
    @abstractmethod
    def export(cls, trained: TrainedModel, folder: Path) -> str:
        """Write the engine's files into the bundle's `folder`.

        Args:
            trained: the trained model: its `.keras` file, its columns, and the loaded Keras model.
            folder: the folder of a bundle that is being written; other engines write there too.

        Returns:
            The file or folder that was written, relative to `folder`: the engine's entry in the manifest.

        Raises:
            BundleError: this engine cannot compute the model.
            OSError: it cannot be written.
        """

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, manifest: Manifest) -> Self:
        """The engine of the bundle in `folder`, whose files have been compared with their digests.

        Raises:
            BundleError: it cannot be loaded safely.
        """

    @classmethod
    def mlflow_flavor(
        cls, file: str, versions: Mapping[str, str]
    ) -> tuple[str, dict[str, str | bool]] | None:
        """The flavour by which MLflow loads `file` without the bundle: its name and its options.

        Args:
            file: the engine's entry in the manifest.
            versions: the versions of packages in the manifest.

        Returns:
            `mlflow.NAME.load_model` is what loads it; the option `data` is its place in the bundle's folder.
            None where MLflow has no such flavour.
        """
        return None

    @abstractmethod
    def predict(self, x: np.ndarray) -> np.ndarray:
        """Raw outputs, float32 (rows, outputs).

        Args:
            x: raw inputs of any numeric dtype, (rows, *input_shape) or (rows, width): the columns' numbers
                side by side. There may be no rows.
        """

    @classmethod
    def limit_threads(cls, threads: int) -> None:
        """Use the CPU and `threads` threads: called before `load` in a process that does nothing but score.

        An engine that starts no threads of its own leaves this as it is.
        """
        return
