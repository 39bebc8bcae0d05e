"""All that training needs to go on: a typed value, and its bytes (JSON and raw arrays, no pickle)."""

import hashlib
import json
from dataclasses import dataclass, field, fields
from typing import Any, final

import numpy as np

from sparktune.errors import CheckpointError

MAGIC = b"sparktune checkpoint 1\n"
LENGTH_BYTES = 8  # of the JSON's length
DIGEST_BYTES = 32
ARRAY, NUMBER, TUPLE = "$array", "$number", "$tuple"  # marks of what JSON itself cannot hold
Tree = Any  # None, bool, int, float, str, NumPy arrays and numbers, in lists, tuples and dicts by name
Arrays = list[np.ndarray]


@final
@dataclass(frozen=True)
class Checkpoint:
    """A trial's training between two epochs.

    `epochs` are done of the `budget` that the compiler and learning-rate schedules follow. `variables` are
    those of the model, seeds of dropout among them, `optimizer` those of the optimizer. `trainable` has the
    flags of the model's layers, then of its variables, in the trial's first epoch. `numbers` has the rates,
    factors and the like of layers, weight penalties and the optimizer in that epoch, `settings` those of the
    optimizer now; files of earlier versions have neither. `tracker` has history, best epoch and counts,
    `callbacks` the state of each callback, `random` that of Python's and NumPy's generators.
    """

    seed: int
    epochs: int
    budget: int
    variables: Arrays
    optimizer: Arrays
    trainable: list[bool]
    tracker: Tree
    callbacks: list[Tree]
    random: Tree
    compiler: str | None = None
    numbers: list[Tree] = field(default_factory=list)
    settings: Tree = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many bytes `to_bytes` gives; these are not made."""
        header, arrays = self._header()
        return len(MAGIC) + DIGEST_BYTES + LENGTH_BYTES + len(header) + size_of(arrays)

    def to_bytes(self) -> bytes:
        """The checkpoint with a checksum.

        Raises:
            CheckpointError: something in it is no plain value.
        """
        header, arrays = self._header()
        parts = [len(header).to_bytes(LENGTH_BYTES, "big"), header, *map(np.ndarray.tobytes, arrays)]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
        return b"".join([MAGIC, digest.digest(), *parts])

    def _header(self) -> tuple[bytes, Arrays]:
        arrays: Arrays = []
        return json.dumps(_encoded(vars(self), arrays)).encode(), arrays

    @classmethod
    def from_bytes(cls, content: bytes) -> "Checkpoint":
        """The checkpoint that these bytes hold; its arrays are read-only.

        Raises:
            CheckpointError: they are damaged, or not those of a checkpoint.
        """
        body = memoryview(content)[len(MAGIC) + DIGEST_BYTES :]
        digest = content[len(MAGIC) : len(MAGIC) + DIGEST_BYTES]
        if not content.startswith(MAGIC) or hashlib.sha256(body).digest() != digest:
            raise CheckpointError("the checkpoint is damaged")
        first = LENGTH_BYTES + int.from_bytes(body[:LENGTH_BYTES], "big")
        decoded = _Decoder(body[first:]).decode(json.loads(bytes(body[LENGTH_BYTES:first])))
        return cls(**{part.name: decoded[part.name] for part in fields(cls) if part.name in decoded})


def plain_state(state: Tree) -> bool:
    """Whether a checkpoint can hold this."""
    try:
        _encoded(state, [])
    except CheckpointError:
        return False
    return True


def size_of(arrays: Arrays) -> int:
    """Bytes of so many arrays."""
    return sum(array.nbytes for array in arrays)


def _encoded(tree: Tree, arrays: Arrays) -> Any:
    """The tree as JSON has it; its arrays are added to `arrays` in the order in which they stand there."""
    if tree is None or type(tree) in (bool, int, float, str):
        return tree
    if isinstance(tree, np.ndarray) and tree.dtype.kind not in "OSUM":
        arrays.append(tree)
        return {ARRAY: [tree.dtype.name, list(tree.shape)]}
    if isinstance(tree, np.generic) and tree.dtype.kind in "biuf":
        return {NUMBER: [tree.dtype.name, tree.item()]}
    if type(tree) in (list, tuple):
        members = [_encoded(member, arrays) for member in tree]
        return members if type(tree) is list else {TUPLE: members}
    if type(tree) is dict and all(type(name) is str and not name.startswith("$") for name in tree):
        return {name: _encoded(member, arrays) for name, member in tree.items()}
    raise CheckpointError(f"a checkpoint cannot hold a value of type {type(tree).__name__}")


@final
class _Decoder:
    """Takes the arrays of a tree from `content`, one after the other."""

    def __init__(self, content: memoryview) -> None:
        self._content, self._next = content, 0

    def decode(self, tree: Any) -> Tree:
        """The tree that `_encoded` made this JSON of."""
        if isinstance(tree, list):
            return [self.decode(member) for member in tree]
        if not isinstance(tree, dict):
            return tree
        if ARRAY in tree:
            return self._array(*tree[ARRAY])
        if NUMBER in tree:
            dtype, number = tree[NUMBER]
            return np.dtype(dtype).type(number)
        if TUPLE in tree:
            return tuple(self.decode(member) for member in tree[TUPLE])
        return {name: self.decode(member) for name, member in tree.items()}

    def _array(self, dtype: str, shape: list[int]) -> np.ndarray:
        count = int(np.prod(shape))
        array = np.frombuffer(self._content, np.dtype(dtype), count, self._next).reshape(shape)
        self._next += array.nbytes
        return array
