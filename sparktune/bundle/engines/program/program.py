"""A program: its steps, and the file that holds them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import prod
from pathlib import Path
from typing import Any, final
from zipfile import BadZipFile, ZipFile

import numpy as np

from sparktune.bundle.engines.program.operations import OPERATIONS, Operation, Shape
from sparktune.errors import BundleError

STEPS = "program.json"
FORMAT = 1


@final
@dataclass(frozen=True, eq=False)
class Step:
    """An operation on earlier values: 0 is the model's input, n what step number n - 1 gives."""

    operation: Operation
    inputs: tuple[int, ...]


@final
@dataclass(frozen=True, eq=False)
class Program:
    """What a model computes: rows of shape `input_shape` go in, the last step gives the outputs."""

    input_shape: Shape
    steps: tuple[Step, ...]

    @property
    def shapes(self) -> list[Shape]:
        """The shape of a row of every value, the input's first."""
        shapes = [self.input_shape]
        for step in self.steps:
            shapes.append(step.operation.shape(*(shapes[value] for value in step.inputs)))
        return shapes

    @property
    def widest(self) -> int:
        """Numbers in a row of the widest value."""
        return max(map(prod, self.shapes))

    @property
    def uses(self) -> list[int]:
        """How many steps take each value; the outputs count as one more."""
        uses = [0] * (len(self.steps) + 1)
        for step in self.steps:
            for value in step.inputs:
                uses[value] += 1
        uses[-1] += 1
        return uses


def write_program(program: Program, file: Path) -> None:
    """Write a program as one zip file: `program.json`, and each array as a `.npy` member.

    `numpy.load(file)` shows it too.
    """
    with ZipFile(file, "w") as members:
        steps = []
        for number, step in enumerate(program.steps):
            options: dict[str, Any] = {}
            for each in fields(step.operation):  # type: ignore[arg-type]  # every operation is a dataclass
                given = getattr(step.operation, each.name)
                if isinstance(given, np.ndarray):
                    with members.open(f"{number}.{each.name}.npy", "w") as member:
                        np.lib.format.write_array(member, given, allow_pickle=False)
                elif given is not None:
                    options[each.name] = given
            steps.append({"operation": step.operation.name, "inputs": step.inputs, **options})
        members.writestr(
            STEPS, json.dumps({"format": FORMAT, "input_shape": program.input_shape, "steps": steps})
        )


def read_program(file: Path) -> Program:
    """The program that `write_program` wrote; nothing in the file is code.

    Raises:
        BundleError: the file is damaged, or of a version that this one does not read.
    """
    try:
        with ZipFile(file) as members:
            text = json.loads(members.read(STEPS))
            if text["format"] != FORMAT:
                raise ValueError(f"format {text['format']}")
            arrays = {
                name.removesuffix(".npy"): _array(members, name)
                for name in members.namelist()
                if name.endswith(".npy")
            }
        return Program(tuple(text["input_shape"]), tuple(_steps(text["steps"], arrays)))
    except (OSError, BadZipFile, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"{str(file)!r} is not a program that this version reads ({error}); export again"
        ) from None


def _steps(described: list[dict[str, Any]], arrays: dict[str, np.ndarray]) -> Iterable[Step]:
    for number, text in enumerate(described):
        options = dict(text)
        operation, inputs = OPERATIONS[options.pop("operation")], tuple(options.pop("inputs"))
        prefix = f"{number}."
        options = {name: tuple(o) if isinstance(o, list) else o for name, o in options.items()}
        options |= {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
        yield Step(operation(**options), inputs)


def _array(members: ZipFile, name: str) -> np.ndarray:
    with members.open(name) as member:
        array: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
        return array
