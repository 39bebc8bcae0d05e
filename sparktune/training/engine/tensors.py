"""From numpy arrays to tensors on the training device."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np
import tensorflow as tf

KEPT = 8  # arrays whose copies a process keeps
ALIGNMENT = 64  # bytes; TensorFlow's kernels crash on memory that is less aligned


def device() -> str:
    """Where TensorFlow trains: the first visible GPU, else the CPU."""
    return "GPU:0" if tf.config.list_logical_devices("GPU") else "CPU:0"


def on_device(array: np.ndarray) -> tf.Tensor:
    """The array on the training device, of its own dtype.

    On a CPU the memory of a writable, contiguous, aligned array is shared, as is a file's that is mapped
    copy-on-write; others are copied, once for all trials that train on the same array.
    """
    if device() == "CPU:0" and _shareable(array):
        return _alias(array)
    return _copied(_Same(array))


def cpu_view(array: np.ndarray) -> Any:
    """The array's own memory as a tensor of the CPU, which sees later changes; else the array as it is."""
    return _alias(array) if _shareable(array) else array


def row_numbers(rows: int) -> np.ndarray:
    """0, 1, 2, ... as int32 (rows,), fit to be shared."""
    numbers = np.arange(rows + ALIGNMENT // 4, dtype=np.int32)
    first = -numbers.ctypes.data % ALIGNMENT // 4
    numbers -= first
    return numbers[first : first + rows]


@final
@dataclass(frozen=True, eq=False)
class _Same:
    """Equal only for the very same array."""

    array: np.ndarray

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.array is other.array

    def __hash__(self) -> int:
        return id(self.array)


@lru_cache(KEPT)
def _copied(same: _Same) -> tf.Tensor:
    with tf.device(device()):
        return tf.identity(tf.constant(same.array))


def _alias(array: np.ndarray) -> tf.Tensor:
    return tf.experimental.dlpack.from_dlpack(np.asarray(array).__dlpack__())


def _shareable(array: np.ndarray) -> bool:
    aligned = array.ctypes.data % ALIGNMENT == 0
    plain = array.size > 0 and array.dtype.kind in "fiu" and array.flags.c_contiguous
    return aligned and plain and array.flags.writeable
