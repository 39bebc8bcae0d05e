"""What is said of a study and its trials."""

import math
from dataclasses import replace

import pytest

from sparktune.summary import Objective
from sparktune.tracking.mlflow.entries import Entry, StudyEntries
from sparktune.trial import TrialNotes, TrialResult, TrialState
from tests.tracking.studies import OBJECTIVE, complete, study_spec, summary_of

ENTRIES = StudyEntries(study_spec("sqlite:///unused.db"), "study-1", OBJECTIVE)


def entry_of(result: TrialResult) -> Entry:
    return ENTRIES.result(result, end_ms=10_000)


def test_a_complete_trial_shows_its_curves_and_its_objective() -> None:
    entry = entry_of(complete(1))
    assert (entry.name, entry.status, entry.start_ms, entry.end_ms) == (
        "#1 neurons=4 learning_rate=0.1",
        "FINISHED",
        8_000,
        10_000,
    )
    assert [(p.step, p.value) for p in entry.points if p.key == "val_accuracy"] == [
        (1, 0.5),
        (2, 0.7),
        (3, 0.81),
    ]
    assert [p.at_ms for p in entry.points if p.key == "val_loss"] == [8_666, 9_333, 10_000]
    assert entry.latest() | {"val_loss": 0} == {
        "objective": 0.81,
        "best_epoch": 3,
        "seconds": 2.0,
        "val_accuracy": 0.81,
        "val_loss": 0,
    }


def test_each_of_several_objectives_is_a_metric() -> None:
    entry = entry_of(complete(1, values={"val_accuracy": 0.81, "parameters": 41}))
    assert entry.latest()["objective"] == entry.latest()["objective.val_accuracy"] == 0.81
    assert entry.latest()["objective.parameters"] == 41
    several = replace(OBJECTIVE, metrics=(OBJECTIVE, Objective("parameters", "minimize")))
    own = StudyEntries(study_spec("sqlite:///unused.db"), "study-1", several).study(0)
    assert own.tags["sparktune.objectives"] == "val_accuracy, parameters"
    assert "sparktune.objectives" not in ENTRIES.study(0).tags


def test_the_objective_comes_first_so_that_parallel_coordinates_begin_with_it() -> None:
    assert entry_of(complete(1)).points[0].key == "objective"


def test_params_are_what_was_searched_and_what_trials_are_compared_by() -> None:
    assert entry_of(complete(1)).params == {
        "neurons": "4",
        "learning_rate": "0.1",
        "epochs": "3",
        "batch_size": "64",
        "optimizer": "adam",
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.001, "0.001"), (True, "true"), (None, "null"), ("relu", "relu"), ([64, 32], "[64, 32]")],
)
def test_words_stay_words_and_all_else_is_json(value: object, text: str) -> None:
    assert entry_of(complete(1, params={"x": value})).params["x"] == text


def test_what_mlflow_does_not_take_is_cut_or_replaced() -> None:
    params = entry_of(complete(1, params={"größe+1": "a" * 7000, "k" * 300: 1})).params
    assert params["gr__e_1"] == "a" * 6000
    assert params["k" * 250] == "1"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (TrialState.COMPLETE, "FINISHED"),
        (TrialState.DIVERGED, "FAILED"),
        (TrialState.FAILED, "FAILED"),
        (TrialState.KILLED, "KILLED"),
        (TrialState.TIMED_OUT, "KILLED"),
        (TrialState.OUT_OF_MEMORY, "KILLED"),
    ],
)
def test_status_by_state(state: TrialState, status: str) -> None:
    entry = entry_of(complete(1, state=state))
    assert (entry.status, entry.tags["sparktune.state"]) == (status, state.value)


def test_values_that_are_not_finite_are_named_instead_of_shown() -> None:
    history = {
        "loss": [0.5, math.nan, math.nan],
        "val_loss": [0.4, 0.3, math.inf],
        "accuracy": [0.1, 0.2, 0.3],
    }
    entry = entry_of(complete(1, state=TrialState.DIVERGED, value=math.nan, epoch=None, history=history))
    assert {(p.key, p.step) for p in entry.points} == {
        ("loss", 1),
        ("val_loss", 1),
        ("val_loss", 2),
        ("accuracy", 1),
        ("accuracy", 2),
        ("accuracy", 3),
    }
    assert entry.tags["sparktune.not_finite"] == "loss: nan in epoch 2, val_loss: inf in epoch 3"


def test_how_a_trial_was_trained_is_a_tag() -> None:
    reason = "the model has its own train_step"
    notes = TrialNotes(engine="fit", reason=reason, batching="graphs differ", threads="1")
    tags = entry_of(complete(1, notes=notes)).tags
    assert (tags["sparktune.engine"], tags["sparktune.reason"]) == ("fit", reason)
    assert tags["sparktune.batching"] == "graphs differ"
    assert "sparktune.compiler" not in tags


def test_a_failed_trial_shows_its_last_line_as_a_tag_and_its_traceback_as_description() -> None:
    error = (
        "Traceback (most recent call last):\n" + "  File x\n" * 2000 + "ValueError: neurons must be even\n"
    )
    failed = complete(1, state=TrialState.FAILED, value=None, epoch=None, history={}, error=error)
    entry = entry_of(failed)
    assert entry.tags["sparktune.error"] == "ValueError: neurons must be even"
    assert entry.tags["mlflow.note.content"].endswith("ValueError: neurons must be even\n```")
    assert len(entry.tags["mlflow.note.content"]) < 5100
    assert entry.points == ()


def test_the_study_shows_what_decides_its_numbers_and_nothing_that_a_resumed_study_may_change() -> None:
    params = ENTRIES.study(0).params
    assert params["space.neurons"] == "[4, 8, 16]"
    assert params["training.epochs"] == "3"
    assert (params["sampler"], params["seed"], params["model.kind"]) == ("grid", "3", "mlp")
    wider = study_spec("sqlite:///other.db", resources={"parallelism": 7}, output={"directory": "elsewhere"})
    assert StudyEntries(wider, "study-1", OBJECTIVE).study(0).params == params


def test_attempts_are_said_where_there_were_several() -> None:
    assert "sparktune.attempt" not in entry_of(complete(1)).tags
    assert entry_of(complete(1, attempt=3)).tags["sparktune.attempt"] == "3"


def test_all_tags_of_a_trial_have_one_prefix() -> None:
    tags = entry_of(complete(1, notes=TrialNotes(engine="compiled", compiler="xla"))).tags
    assert all(name.startswith("sparktune.") for name in tags)


def test_a_finished_study_has_the_curves_of_its_best_trial() -> None:
    best = [complete(4), complete(0)]
    entry = ENTRIES.finish("FINISHED", summary_of(best), 0, 10, best)
    curve = [(p.step, p.value) for p in entry.points if p.key == "val_accuracy"]
    assert curve == [(1, 0.5), (2, 0.7), (3, 0.84)]
    stopped = ENTRIES.finish("KILLED", summary_of(best), 0, 10, best)
    assert "val_accuracy" not in stopped.latest()


def test_the_end_of_a_study_shows_its_best_trial() -> None:
    entry = ENTRIES.finish("FINISHED", summary_of([complete(0), complete(4)]), 0, 10)
    assert entry.latest() == {
        "best_value": 0.84,
        "study_seconds": 12.5,
        "trials.complete": 2.0,
        "test.accuracy": 0.75,
    }
    assert (entry.tags["sparktune.best.trial"], entry.tags["sparktune.best.neurons"]) == ("4", "16")
    assert (
        "Best: #4 neurons=16 learning_rate=0.01, val_accuracy 0.84 in epoch 3"
        in entry.tags["mlflow.note.content"]
    )


def test_a_study_may_end_without_a_summary() -> None:
    entry = ENTRIES.finish("KILLED", None, 0, 10)
    assert (entry.status, entry.points) == ("KILLED", ())
