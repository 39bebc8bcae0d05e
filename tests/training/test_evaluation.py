"""Metrics of a loaded model."""

import numpy as np
import pytest

from sparktune.data.dataset import Rows
from sparktune.training import build_model, evaluate


def test_names_are_without_val_and_weights_count_where_they_are_to(blobs, spec_of):
    spec = spec_of(training={"weighted_metrics": ["accuracy"]})
    model = build_model(spec.model, blobs.schema)
    right = model.predict(blobs.validation.x, verbose=0).argmax(1) == blobs.validation.y
    rows = Rows(blobs.validation.x, blobs.validation.y, np.where(right, 1, 0).astype(np.float32))
    measured = evaluate(model, rows, spec, blobs.schema)
    assert set(measured) == {"loss", "accuracy", "weighted_accuracy"}
    assert measured["accuracy"] == pytest.approx(right.mean())
    assert measured["weighted_accuracy"] == pytest.approx(1.0 if right.any() else 0.0)


def test_a_searched_loss_is_that_of_the_trial(line, spec_of):
    spec = spec_of({"loss": ["mean_squared_error", "rmse"]}, objective={"metric": "val_mean_squared_error"})
    model = build_model(spec.model, line.schema)
    squared = evaluate(model, line.validation, spec, line.schema)
    root = evaluate(model, line.validation, spec, line.schema, {"loss": "root_mean_squared_error"})
    assert root["loss"] == pytest.approx(np.sqrt(squared["loss"]), rel=1e-5)
    assert root["root_mean_squared_error"] == pytest.approx(root["loss"], rel=1e-5)
