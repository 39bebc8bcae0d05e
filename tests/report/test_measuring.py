"""An exported model measured on rows; its engine answers the inputs themselves."""

from pathlib import Path
from typing import Self, final

import numpy as np
import pytest

from sparktune.bundle import Bundle, Engine
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.manifest import Manifest, Tensor
from sparktune.columns.schema import Feature, Label, Schema, Task
from sparktune.data.dataset import Rows
from sparktune.report.evaluation import Confusion
from sparktune.report.measuring import MOST_ROWS, measure
from tests.bundle.models import lineage


@final
class Echo(Engine):
    """Answers its inputs."""

    @classmethod
    def export(cls, trained: TrainedModel, folder: Path) -> str:
        return ""

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> Self:
        return cls()

    def predict(self, x: np.ndarray) -> np.ndarray:
        return x


def bundle(task: Task, outputs: int, classes: tuple[Label, ...] = ()) -> Bundle:
    schema = Schema(
        features=(Feature(name="x", shape=(outputs,)),),
        input_shape=(outputs,),
        label="y",
        task=task,
        classes=classes,
        outputs=outputs,
    )
    known = {"serving": {}, "lineage": lineage(), "engines": {"keras": ""}, "versions": {}, "files": {}}
    tensor = Tensor(shape=(outputs,), dtype="float32")
    return Bundle(Path(), Manifest(schema=schema, tensor=tensor, **known), Echo())


def rows(raw: list[list[float]], y: list[object]) -> Rows:
    return Rows(np.array(raw, np.float32), np.array(y))


def test_classes() -> None:
    raw = [[0.75, 0.25, 0], [0.125, 0.75, 0.125], [0.25, 0.75, 0], [0, 0, 1], [np.nan, 0, 0]]
    found = measure(bundle("classes", 3, ("a", "b", 7)), rows(raw, [0, 1, 2, 2, 0]), "test")
    assert (found.trial, found.split, found.rows, found.unknown) == (3, "test", 5, 1)
    assert [(c.name, c.actual, c.predicted, c.correct) for c in found.classes] == [
        ("a", 1, 1, 1),
        ("b", 1, 2, 1),
        ("7", 2, 1, 1),
    ]
    assert found.confusions == (Confusion(2, 1, 1),)
    assert [(b.rows, b.probability, b.share) for b in found.calibration] == [
        (3, 0.75, 0.666667),
        (1, 1.0, 1.0),
    ]


def test_binary_is_calibrated_by_the_probability_of_class_1() -> None:
    found = measure(
        bundle("binary", 1, (False, True)), rows([[0.1], [0.2], [0.9], [0.6]], [0, 1, 1, 1]), "test"
    )
    assert [(c.name, c.actual, c.predicted, c.correct) for c in found.classes] == [
        ("False", 1, 2, 1),
        ("True", 3, 2, 2),
    ]
    assert [(b.probability, b.share) for b in found.calibration] == [(0.1, 0), (0.2, 1), (0.6, 1), (0.9, 1)]


def test_each_of_several_labels() -> None:
    found = measure(bundle("labels", 2, ("a", "b")), rows([[0.9, 0.1], [0.9, 0.8]], [[1, 0], [0, 1]]), "test")
    assert [(c.actual, c.predicted, c.correct) for c in found.classes] == [(1, 2, 1), (1, 1, 1)]
    assert (found.confusions, found.calibration) == ((), ())


def test_the_residuals_of_each_output() -> None:
    raw = [[1.0, 0.0], [2.0, 0.0], [4.0, 0.0], [np.inf, 0.0]]
    found = measure(bundle("regression", 2), rows(raw, [[1, 0], [2, 0], [3, 0], [9, 9]]), "validation")
    first, second = found.residuals
    assert (first.name, second.name, found.unknown) == ("y[0]", "y[1]", 1)
    assert (first.mean, first.absolute) == (0.333333, 0.333333)
    assert first.root_mean_squared == pytest.approx(3**-0.5, rel=1e-5)
    assert (first.r_squared, second.r_squared) == (0.5, None)
    assert (sum(first.counts), len(first.edges)) == (3, 21)
    assert first.pairs == ((1, 1), (2, 2), (3, 4))


def test_of_very_many_rows_a_part_is_measured() -> None:
    many = Rows(np.full((MOST_ROWS + 1, 1), 0.75, np.float32), np.ones(MOST_ROWS + 1, np.float32))
    found = measure(bundle("binary", 1, (0, 1)), many, "test")
    assert (found.rows, found.split_rows) == (50_001, 100_001)
    assert found.classes[1].correct == 50_001
