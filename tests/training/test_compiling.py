"""What a model is compiled with."""

import numpy as np
import pytest

from sparktune.spec import MlpSpec, TrainingSpec
from sparktune.training import build_model, produced
from sparktune.training.compiling import compile_for_evaluation, compile_for_training


@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("classes", 3), ("regression", 2)])
def test_a_compiled_model_measures_what_a_history_holds(schema_of, task, outputs):
    schema = schema_of((4,), task, outputs)
    metric = "mean_absolute_error" if task == "regression" else "accuracy"
    training = TrainingSpec(metrics=[metric], weighted_metrics=[metric])
    model = build_model(MlpSpec(neurons=2), schema)
    compile_for_evaluation(model, training, schema)
    y = np.zeros(6, np.int32) if task == "classes" else np.zeros((6, outputs), np.float32)
    weight = np.array([1, 0, 0, 0, 0, 0], np.float32)
    measured = model.evaluate(np.eye(6, 4), y, sample_weight=weight, verbose=0, return_dict=True)
    assert set(measured) == {"loss", metric, f"weighted_{metric}"}
    assert {f"val_{name}" for name in measured} | set(measured) == set(produced(training, schema))


@pytest.mark.parametrize(("batch_size", "steps"), [(4, 3), (5, 2), ("all", 1), (100, 1)])
def test_schedules_count_the_steps_of_an_epoch(schema_of, batch_size, steps):
    training = TrainingSpec(batch_size=batch_size, epochs=7, schedule={"kind": "cosine"})
    model = build_model(MlpSpec(neurons=2), schema_of((4,)))
    compile_for_training(model, training, schema_of((4,)), rows=10)
    assert model.optimizer.get_config()["learning_rate"]["config"]["decay_steps"] == 7 * steps
    assert not model.jit_compile
