"""A program that computes the same in fewer steps: scaling and normalisation go into the dense layers."""

from math import prod

import numpy as np

from sparktune.bundle.engines.program.operations import Affine, Dense, Operation, Reshape, Shape
from sparktune.bundle.engines.program.program import Program, Step


def simplified(program: Program) -> Program:
    """The program without steps that change nothing, with neighbouring ones made one where that is exact.

    Arithmetic on weights is done in float64 and rounded once.
    """
    steps: list[Step] = []
    shapes, uses, places = [program.input_shape], program.uses, {0: 0}
    for number, step in enumerate(program.steps, start=1):
        inputs, operation = tuple(places[value] for value in step.inputs), step.operation
        if isinstance(operation, Reshape) and tuple(operation.target) == shapes[inputs[0]]:
            places[number] = inputs[0]
            uses[number] += uses[step.inputs[0]] - 1
            continue
        if len(inputs) == 1 and inputs[0] and uses[step.inputs[0]] == 1:
            earlier = steps[inputs[0] - 1]
            row = shapes[earlier.inputs[0]]
            first, *rest = joined(earlier.operation, operation, row)
            steps[inputs[0] - 1] = Step(first, earlier.inputs)
            shapes[inputs[0]] = first.shape(*(shapes[value] for value in earlier.inputs))
            if not rest:
                places[number] = inputs[0]
                continue
            (operation,) = rest
        steps.append(Step(operation, inputs))
        shapes.append(operation.shape(*(shapes[value] for value in inputs)))
        places[number] = len(steps)
    return Program(program.input_shape, tuple(steps))


def joined(first: Operation, second: Operation, row: Shape) -> list[Operation]:
    """One or two operations that compute what two in a row do, on rows of shape `row`."""
    match first, second:
        case Affine(), Affine():
            return [_affine_twice(first, second)]
        case Dense(), Affine() if _by_unit(second, first.kernel.shape[1]):
            return [_dense_then_affine(first, second)]
        case Affine(), Dense() if len(row) == 1:
            return _affine_then_dense(first, second)
        case Affine(), Reshape() if len(second.target) == 1:
            parts = (_flat(part, row) for part in (first.before, first.scale, first.after))
            return [second, Affine(*parts)]
    return [first, second]


def _affine_twice(first: Affine, second: Affine) -> Affine:
    scale = _number(first.scale, 1.0) * _number(second.scale, 1.0)
    between = _number(first.after) + _number(second.before)
    after = between * _number(second.scale, 1.0) + _number(second.after)
    has_scale = first.scale is not None or second.scale is not None
    if not has_scale and first.after is None and second.after is None:
        return Affine(before=_rounded(_number(first.before) + between))
    return Affine(
        first.before, _rounded(scale) if has_scale else None, _rounded(after) if after.any() else None
    )


def _dense_then_affine(dense: Dense, affine: Affine) -> Dense:
    scale = _number(affine.scale, 1.0)
    bias = (_number(dense.bias) + _number(affine.before)) * scale + _number(affine.after)
    return Dense(_rounded(dense.kernel * scale), _rounded(np.broadcast_to(bias, dense.kernel.shape[1])))


def _affine_then_dense(affine: Affine, dense: Dense) -> list[Operation]:
    """The scale goes into the kernel. What is added before it stays: digits would cancel in the product."""
    scale = _number(affine.scale, 1.0)
    if affine.after is not None:
        if not (np.abs(scale) > np.finfo(np.float32).tiny).all():
            return [affine, dense]
        before = _number(affine.before) + _number(affine.after) / scale
    else:
        before = _number(affine.before)
    kernel = dense.kernel * np.broadcast_to(scale, len(dense.kernel))[:, None]
    scaled = Dense(_rounded(kernel), dense.bias)
    return [Affine(before=_rounded(before)), scaled] if before.any() else [scaled]


def _by_unit(affine: Affine, units: int) -> bool:
    """Whether each number of an operation belongs to one unit, or to all."""
    parts = (affine.before, affine.scale, affine.after)
    return all(part is None or part.size == 1 or part.shape == (units,) for part in parts)


def _number(part: np.ndarray | None, otherwise: float = 0.0) -> np.ndarray:
    found = np.float64(otherwise) if part is None else part.astype(np.float64)
    return np.asarray(found if found.size > 1 else found.reshape(()))


def _rounded(part: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(part, np.float32) if part.ndim else np.asarray(part, np.float32)


def _flat(part: np.ndarray | None, row: Shape) -> np.ndarray | None:
    if part is None or part.size == 1:
        return part
    return np.ascontiguousarray(np.broadcast_to(part, row)).reshape(prod(row))
