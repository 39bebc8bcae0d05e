"""From trained weights, or an error, to a result."""

from dataclasses import replace

import pytest

from sparktune.spec import LinearSpec
from sparktune.training import Fitted, Objective, build_model
from sparktune.training.outcome import failed, trained
from sparktune.trial import TrialNotes, TrialState

SMALL = Objective("val_loss", "minimize")
HISTORY = {"val_loss": [0.5, 0.25, 0.75]}


@pytest.fixture
def result(schema_of, trial_of):
    model = build_model(LinearSpec(), schema_of((2,), "regression", 1))

    def end(best=None, objective=SMALL, **fields):
        notes = TrialNotes(engine="compiled")
        given = {"history": HISTORY, "best_epoch": 2, "best_weights": model.get_weights(), "notes": notes}
        trial = replace(trial_of(neurons=3), front=() if best is None else (best,))
        return trained(trial, objective, model, Fitted(**{**given, **fields}))

    return end


def test_a_result_is_that_of_the_best_epoch(result):
    ended = result()
    assert (ended.state, ended.value, ended.epoch) == (TrialState.COMPLETE, 0.25, 2)
    assert (ended.trial, ended.params, ended.history) == (3, {"neurons": 3}, HISTORY)
    assert ended.notes.engine == "compiled" and ended.host and ended.error is None


@pytest.mark.parametrize(("best", "comes"), [(None, True), ((0.3,), True), ((0.25,), True), ((0.2,), False)])
def test_the_model_is_there_if_it_is_not_worse_than_the_best(result, best, comes):
    assert (result(best).model is not None) is comes


SEVERAL = Objective(
    "val_loss",
    "minimize",
    (SMALL, *(Objective(cost, "minimize") for cost in ("bytes", "parameters", "seconds"))),
)


def test_the_values_of_several_objectives_are_those_of_the_model_that_is_sent(result):
    ended = result(objective=SEVERAL, timings={"data": 0.5, "train": 1.5})
    assert ended.value == 0.25
    assert ended.values == {"val_loss": 0.25, "bytes": len(ended.model), "parameters": 3, "seconds": 1.5}
    assert list(ended.values) == [metric.metric for metric in SEVERAL.metrics]
    assert result().values == {}


@pytest.mark.parametrize(
    ("best", "comes"),
    [((0.2, 1, 3, 1), False), ((0.25, 1, 3, 2), False), ((0.2, 1, 3, 2.5), True), ((0.3, 1, 2, 1), True)],
)
def test_the_model_is_there_unless_another_one_is_as_good_in_all_objectives(result, best, comes):
    ended = result(best, SEVERAL, timings={"train": 2.0})
    assert (ended.model is not None) is comes
    assert ended.values["bytes"] > 1000


def test_a_diverged_trial_has_no_value_and_a_way_out(result):
    ended = result(diverged="loss is nan in epoch 3")
    assert (ended.state, ended.value, ended.model) == (TrialState.DIVERGED, None, None)
    assert ended.error.startswith("loss is nan in epoch 3; lower learning_rate")
    assert ended.history == HISTORY


def test_training_without_an_epoch_is_a_fault(result):
    with pytest.raises(RuntimeError, match="without an epoch"):
        result(best_epoch=None, best_weights=None)


def test_a_failure_has_the_traceback_of_what_is_handled(trial_of):
    try:
        raise ValueError("no such layer")
    except ValueError:
        ended = failed(trial_of(neurons=3))
    assert ended.state is TrialState.FAILED and "Traceback" in ended.error
    assert ended.complaint == "ValueError: no such layer"


def test_what_tensorflow_has_no_memory_for_is_out_of_memory(trial_of):
    import tensorflow as tf

    try:  # where there is really no memory, TensorFlow waits for ten seconds first
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    except tf.errors.OpError:
        ended = failed(trial_of(neurons=3))
    assert ended.state is TrialState.OUT_OF_MEMORY and "OOM when allocating" in ended.error
