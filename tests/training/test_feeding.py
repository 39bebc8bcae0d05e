"""Targets, weights and the evaluation batch."""

import keras
import numpy as np
import pytest

from sparktune.data.dataset import Rows
from sparktune.spec import CnnSpec, LinearSpec, MlpSpec, TrainingSpec
from sparktune.training.feeding import class_indices, evaluation_batch, targets, training_weights
from sparktune.training.kinds.base import build_model

X = np.zeros((4, 2), np.float32)


def test_targets_have_the_shape_of_the_output(schema_of):
    y = np.array([0, 1, 1, 0])
    assert targets(Rows(X, y), schema_of((2,))).shape == (4,)
    assert targets(Rows(X, y), schema_of((2,), "binary", 1)).shape == (4, 1)
    assert targets(Rows(X, np.zeros((4, 3))), schema_of((2,), "regression", 3)).shape == (4, 3)


def test_balanced_weights_make_classes_equal(schema_of):
    y = np.array([0, 0, 0, 2], np.int32)
    weights = training_weights(Rows(X, y), TrainingSpec(class_weight="balanced"), schema_of((2,)))
    assert weights.dtype == np.float32
    assert weights.tolist() == pytest.approx([4 / 9, 4 / 9, 4 / 9, 4 / 3])


def test_weights_by_label_multiply_row_weights(schema_of):
    schema = schema_of((2,), classes=("a", "b", "c"))
    rows = Rows(X, np.array([0, 1, 2, 1], np.int32), np.array([1, 2, 3, 4], np.float32))
    assert training_weights(rows, TrainingSpec(class_weight={"b": 10.0}), schema).tolist() == [1, 20, 3, 40]
    assert training_weights(rows, TrainingSpec(), schema) is rows.weight
    named = schema_of((2,), class_names=("cat", "dog", "cow"))
    assert training_weights(rows, TrainingSpec(class_weight={"dog": 10.0, "0": 2.0}), named).tolist() == [
        2,
        20,
        3,
        40,
    ]


@pytest.mark.parametrize(
    ("label", "classes", "names", "indices"),
    [
        ("7", (3, 7), (), {1}),
        ("True", (False, True), (), {1}),
        ("1", (0.0, 1.0), (), {1}),
        ("1.0", (0.0, 1.0), (), {1}),
        ("x", ("y", "z"), (), set()),
        ("dog", (3, 7), ("cat", "dog"), {1}),
        ("7", (3, 7), ("cat", "dog"), {1}),
        ("0", (0, 1), ("1", "0"), {0, 1}),
    ],
)
def test_labels_of_any_type_are_found_by_text_and_by_name(schema_of, label, classes, names, indices):
    assert class_indices(label, schema_of((2,), classes=classes, class_names=names)) == indices


@pytest.mark.parametrize(
    ("spec", "shape", "expected"),
    [
        (LinearSpec(), (4,), 2048),
        (MlpSpec(neurons=4), (28, 28), 2048),
        (MlpSpec(neurons=2**12), (28, 28), 512),
        (CnnSpec(filters=(32,)), (28, 28), 96),
        (LinearSpec(), (512, 512, 3), 16),
    ],
)
def test_the_widest_layer_bounds_an_evaluation_step(spec, shape, expected, schema_of):
    assert evaluation_batch(build_model(spec, schema_of(shape))) == expected


def test_a_model_whose_shapes_are_not_known_is_evaluated_in_large_steps():
    model = keras.Sequential([keras.layers.Dense(3)])
    assert evaluation_batch(model) == 2048
