"""Weights that trials begin with, in place of those that their seed would draw."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

import numpy as np

Arrays = Sequence[np.ndarray]


@final
@dataclass(frozen=True)
class InitialWeights:
    """The arrays of a model, in Keras' order of `get_weights`; `origin` says in words whose they are."""

    origin: str
    arrays: Arrays

    @cached_property
    def digest(self) -> str:
        """sha256 over each array's dtype, shape and bytes, and the origin."""
        digest = hashlib.sha256(self.origin.encode())
        for array in self.arrays:
            digest.update(f"{array.dtype.name}{array.shape};".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def fit(self, weights: Arrays) -> bool:
        """Whether a model with these weights has the same shapes in the same order."""
        return [array.shape for array in self.arrays] == [array.shape for array in weights]

    @classmethod
    def read(cls, file: Path, origin: str) -> "InitialWeights":
        """Those in an `.npz` file of `arr_0`, `arr_1` and so on, as `numpy.savez` names them.

        Raises:
            OSError, ValueError: there is no such file.
        """
        with np.load(file, allow_pickle=False) as arrays:
            return cls(origin, [arrays[f"arr_{index}"] for index in range(len(arrays.files))])
