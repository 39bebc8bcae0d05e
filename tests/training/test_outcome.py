"""From trained weights, or an error, to a result."""

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

    def end(threshold=None, **fields):
        notes = TrialNotes(engine="compiled")
        given = {"history": HISTORY, "best_epoch": 2, "best_weights": model.get_weights(), "notes": notes}
        return trained(trial_of(threshold=threshold, neurons=3), SMALL, model, Fitted(**{**given, **fields}))

    return end


def test_a_result_is_that_of_the_best_epoch(result):
    ended = result()
    assert (ended.state, ended.value, ended.epoch) == (TrialState.COMPLETE, 0.25, 2)
    assert (ended.trial, ended.params, ended.history) == (3, {"neurons": 3}, HISTORY)
    assert ended.notes.engine == "compiled" and ended.host and ended.error is None


@pytest.mark.parametrize(("threshold", "comes"), [(None, True), (0.3, True), (0.25, True), (0.2, False)])
def test_the_model_is_there_if_it_is_not_worse_than_the_threshold(result, threshold, comes):
    assert (result(threshold).model is not None) is comes


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
