"""Trials that are trained as one end as they would alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from sparktune.data.dataset import Dataset, Rows
from sparktune.errors import ModelError
from sparktune.spec import StudySpec
from sparktune.training import fused_at_most, run_batch, run_trial
from sparktune.trial import Decision, Trial, TrialResult, TrialState

RATES = (0.003, 0.01, 0.03)
Loaded = Callable[[bytes | None], keras.Model]


@pytest.fixture
def few(blobs: Dataset) -> Dataset:
    """So few rows that two batches are full and a third is not."""
    cut = [Rows(rows.x[:20], rows.y[:20]) for rows in (blobs.train, blobs.validation)]
    return replace(blobs, train=cut[0], validation=cut[1])


@pytest.fixture
def same(loaded: Loaded) -> Callable[..., list[TrialResult]]:
    """Trains trials as one and compares each with itself alone; gives the fused results."""

    def compare(spec: StudySpec, trials: Sequence[Trial], data: Dataset) -> list[TrialResult]:
        results = run_batch(trials, spec, data)
        assert results is not None
        for trial, result in zip(trials, results, strict=True):
            assert_same(result, run_trial(trial, spec, data), loaded)
        return results

    return compare


def assert_same(fused: TrialResult, alone: TrialResult, loaded: Loaded) -> None:
    assert fused.notes == {**alone.notes, "fused": fused.notes["fused"]}
    ends = [(end.trial, end.params, end.state, end.epoch) for end in (fused, alone)]
    assert ends[0] == ends[1]
    assert fused.history.keys() == alone.history.keys()
    for name, values in alone.history.items():
        np.testing.assert_allclose(fused.history[name], values, rtol=1e-4, atol=1e-4, err_msg=name)
    if fused.model is not None:
        pairs = zip(loaded(fused.model).get_weights(), loaded(alone.model).get_weights(), strict=True)
        for mine, theirs in pairs:
            np.testing.assert_allclose(mine, theirs, atol=1e-4)


def trials_of(**params: Sequence[Any]) -> list[Trial]:
    """A trial for each place in the lists, with seeds of their own."""
    points = [dict(zip(params, values, strict=True)) for values in zip(*params.values(), strict=True)]
    return [Trial("study", number, point, seed=5 + number) for number, point in enumerate(points)]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"])
def test_every_optimizer_has_a_rate_for_each_trial(optimizer, few, spec_of, same):
    spec = spec_of(training={"epochs": 2, "batch_size": 8, "optimizer": optimizer})
    same(spec, trials_of(learning_rate=RATES), few)


def test_each_trial_has_its_own_masks_statistics_penalties_and_bounds(few, spec_of, same):
    spec = spec_of(
        model={"kind": "mlp", "hidden": [6, 5], "batch_norm": True},
        training={
            "epochs": 3,
            "batch_size": 8,
            "class_weight": "balanced",
            "callbacks": [{"kind": "reduce_on_plateau", "patience": 0}],
        },
    )
    scalars = {"dropout": (0.1, 0.2, 0.4), "l2": (0.001, 0.01, 0.1), "clip_norm": (0.01, 0.1, 1.0)}
    results = same(spec, trials_of(learning_rate=RATES, **scalars), few)
    assert {result.notes["fused"] for result in results} == {"3"}


def test_xla_compiles_many_at_once(few, spec_of, same, monkeypatch):
    monkeypatch.setattr("sparktune.training.epochs.choose", lambda *given: "xla")
    spec = spec_of(training={"epochs": 2, "batch_size": 8, "schedule": {"kind": "cosine"}})
    results = same(spec, trials_of(learning_rate=RATES), few)
    assert results[0].notes["compiler"] == "xla"


@pytest.mark.parametrize("metrics", [[], ["mean_absolute_error"]])
def test_a_regression_has_its_metrics(metrics, line, spec_of, same):
    training = {"epochs": 2, "batch_size": 4, "metrics": metrics, "shuffle": False}
    spec = spec_of(training=training, model={"kind": "linear"}, objective={"metric": "val_loss"})
    same(spec, trials_of(learning_rate=RATES), line)


def test_trials_end_when_they_would(few, spec_of, same):
    """One takes fewer epochs, one stops early, one diverges; the others go on."""
    training = {"optimizer": "sgd", "batch_size": 8, "early_stopping": {"patience": 1, "min_delta": 0.05}}
    spec = spec_of(training=training, objective={"metric": "val_loss"})
    trials = trials_of(learning_rate=(0.1, 0.1, 1e-5, 1e30), epochs=(6, 2, 6, 6))
    results = same(spec, trials, few)
    assert [result.state for result in results[2:]] == [TrialState.COMPLETE, TrialState.DIVERGED]
    lengths = [len(result.history["loss"]) for result in results]
    assert lengths[1] == lengths[2] == 2 and lengths[0] > 2


def test_a_report_stops_its_trial_alone(few, spec_of):
    spec = spec_of(training={"epochs": 3, "batch_size": 8})
    results = run_batch(
        trials_of(learning_rate=RATES),
        spec,
        few,
        lambda report: Decision.STOP if report.trial == 1 else Decision.CONTINUE,
    )
    assert [len(result.history["loss"]) for result in results] == [3, 1, 3]


def test_only_a_model_that_no_trial_before_beats_comes_home(few, spec_of):
    spec = spec_of(training={"epochs": 2, "batch_size": 8}, objective={"metric": "val_loss"})
    results = run_batch(trials_of(learning_rate=(0.001, 0.03, 0.001, 0.06)), spec, few)
    best = np.minimum.accumulate([result.value for result in results])
    assert [result.model is not None for result in results] == [
        r.value == b for r, b in zip(results, best, strict=True)
    ]
    assert results[2].model is None


@pytest.mark.parametrize(
    ("sections", "params"),
    [
        ({}, {"neurons": (4, 5)}),
        ({}, {"batch_size": (8, 9)}),
        ({}, {"optimizer": ("sgd", "adam")}),
        ({}, {"dropout": (0.0, 0.1)}),
        ({"model": {"kind": "mlp", "neurons": 20_000}}, {"learning_rate": (0.1, 0.2)}),
    ],
    ids=["structure", "batch", "optimizer", "zero", "large"],
)
def test_others_go_one_by_one(sections, params, few, spec_of):
    assert run_batch(trials_of(**params), spec_of(training={"epochs": 1}, **sections), few) is None


def test_what_is_wrong_with_one_is_raised(few, spec_of):
    spec = spec_of(model={"kind": "cnn"})
    with pytest.raises(ModelError, match="kind cnn"):
        run_batch(trials_of(learning_rate=RATES), spec, few)


def test_layers_that_cannot_be_vectorised_go_one_by_one(schema_of, spec_of):
    rows = Rows(np.zeros((4, 3, 2), np.float32), np.zeros(4, np.int32))
    data = Dataset(rows, rows, None, schema_of((3, 2)), "series")
    spec = spec_of(model={"kind": "rnn", "units": 2}, training={"epochs": 1})
    assert run_batch(trials_of(learning_rate=(0.1, 0.2)), spec, data) is None


def test_how_many_are_one_follows_from_device_and_code(spec_of, user_module):
    def most(**sections: Any) -> int:
        return fused_at_most(spec_of(**sections))

    builder = {"kind": "builder", "builder": f"{user_module}:build"}
    assert (most(), most(resources={"fuse": 5}), most(resources={"gpus": 1})) == (1, 5, 16)
    assert most(resources={"gpus": 1, "fuse": 1}) == 1
    assert (
        most(resources={"fuse": 5}, model=builder) == most(resources={"fuse": 5}, model={"kind": "cnn"}) == 1
    )
