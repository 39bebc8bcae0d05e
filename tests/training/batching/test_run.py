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
from sparktune.training import batch_limit, run_segments_batched, run_trial
from sparktune.training.batching.run import CannotBatch, run_together
from sparktune.trial import Segment, Trial, TrialResult, TrialState

RATES = (0.003, 0.01, 0.03)
RESULT = TrialResult(0, {}, TrialState.COMPLETE)
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
        results = run_together(trials, spec, data)
        for trial, result in zip(trials, results, strict=True):
            assert_same(result, run_trial(trial, spec, data), loaded)
        return results

    return compare


def assert_same(fused: TrialResult, alone: TrialResult, loaded: Loaded) -> None:
    assert fused.notes == replace(alone.notes, fused=fused.notes.fused)
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


def segments_of(trials: Sequence[Trial]) -> list[Segment]:
    return [Segment(trial) for trial in trials]


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
    assert {result.notes.fused for result in results} == {"3"}


def test_xla_compiles_many_at_once(few, spec_of, same, monkeypatch):
    monkeypatch.setattr("sparktune.training.epochs.choose", lambda *given: "xla")
    spec = spec_of(training={"epochs": 2, "batch_size": 8, "schedule": {"kind": "cosine"}})
    results = same(spec, trials_of(learning_rate=RATES), few)
    assert results[0].notes.compiler == "xla"


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


def test_only_a_model_that_no_trial_before_beats_comes_home(few, spec_of):
    spec = spec_of(training={"epochs": 2, "batch_size": 8}, objective={"metric": "val_loss"})
    results = run_together(trials_of(learning_rate=(0.001, 0.03, 0.001, 0.06)), spec, few)
    best = np.minimum.accumulate([result.value for result in results])
    assert [result.model is not None for result in results] == [
        r.value == b for r, b in zip(results, best, strict=True)
    ]
    assert results[2].model is None


@pytest.mark.parametrize(
    ("sections", "params", "reason"),
    [
        ({}, {"neurons": (4, 5)}, "graphs differ"),
        ({}, {"batch_size": (8, 9)}, "graphs differ"),
        ({}, {"optimizer": ("sgd", "adam")}, "graphs differ"),
        ({}, {"dropout": (0.0, 0.1)}, "graphs differ"),
        ({"model": {"kind": "mlp", "neurons": 20_000}}, {"learning_rate": (0.1, 0.2)}, "weights"),
    ],
    ids=["structure", "batch", "optimizer", "zero", "large"],
)
def test_others_train_one_by_one_and_say_why(sections, params, reason, few, spec_of):
    spec = spec_of(training={"epochs": 1}, **sections)
    with pytest.raises(CannotBatch, match=reason):
        run_together(trials_of(**params), spec, few)


def test_what_is_wrong_with_one_is_raised(few, spec_of):
    spec = spec_of(model={"kind": "cnn"})
    with pytest.raises(ModelError, match="kind cnn"):
        run_together(trials_of(learning_rate=RATES), spec, few)


def test_layers_that_cannot_be_vectorised_train_one_by_one(schema_of, spec_of):
    rows = Rows(np.zeros((4, 3, 2), np.float32), np.zeros(4, np.int32))
    data = Dataset(rows, rows, None, schema_of((3, 2)), "series")
    spec = spec_of(model={"kind": "rnn", "units": 2}, training={"epochs": 1})
    with pytest.raises(CannotBatch, match="layer LSTM has no vectorised form"):
        run_together(trials_of(learning_rate=(0.1, 0.2)), spec, data)


def test_batching_is_off_unless_the_study_asks_for_it(spec_of, user_module):
    def most(**sections: Any) -> int:
        return batch_limit(spec_of(**sections))

    builder = {"kind": "builder", "builder": f"{user_module}:build"}
    assert (most(), most(resources={"gpus": 1}), most(resources={"fuse": None})) == (1, 1, 1)
    assert (most(resources={"fuse": 5}), most(resources={"gpus": 1, "fuse": 5})) == (5, 5)
    assert (
        most(resources={"fuse": 5}, model=builder) == most(resources={"fuse": 5}, model={"kind": "cnn"}) == 1
    )
    events, histograms = ({"callbacks": [{"kind": "tensorboard", "histogram_freq": n}]} for n in (0, 2))
    assert most(resources={"fuse": 5}, training=events) == 5
    assert most(resources={"fuse": 5}, training=histograms) == 1


class TestRunSegmentsBatched:
    def test_alike_neighbours_train_together_and_others_alone(self, few, spec_of):
        spec = spec_of(training={"epochs": 1, "batch_size": 8}, resources={"fuse": 2})
        trials = trials_of(learning_rate=(0.1, 0.2, 0.3, 0.4), neurons=(4, 4, 4, 5))
        batches = list(run_segments_batched(segments_of(trials), spec, few))
        assert [[result.trial for result in batch] for batch in batches] == [[0, 1], [2], [3]]
        assert [result.notes.fused for batch in batches for result in batch] == ["2", "2", None, None]
        assert {result.notes.batching for batch in batches for result in batch} == {None}

    def test_a_part_of_a_trial_trains_alone(self, few, spec_of):
        spec = spec_of(training={"epochs": 2, "batch_size": 8}, resources={"fuse": 3})
        segments = [replace(one, end=1) for one in segments_of(trials_of(learning_rate=RATES))]
        batches = list(run_segments_batched(segments, spec, few))
        assert [[result.state for result in batch] for batch in batches] == [[TrialState.PAUSED]] * 3

    def test_nothing_trains_that_is_not_asked_for(self, few, spec_of, monkeypatch):
        ran = []
        monkeypatch.setattr(
            "sparktune.training.batching.run.run_segment",
            lambda segment, *_: ran.append(segment.trial.number) or RESULT,
        )
        batches = run_segments_batched(segments_of(trials_of(learning_rate=RATES)), spec_of(), few)
        assert ran == []
        next(batches)
        assert ran == [0]

    def test_a_failure_is_noted_and_not_tried_again(self, few, spec_of, monkeypatch):
        tried = []

        def broken(trials, *_):
            tried.append([trial.number for trial in trials])
            raise ValueError("no\nkernel")

        monkeypatch.setattr("sparktune.training.batching.run.run_together", broken)
        spec = spec_of(training={"epochs": 1}, resources={"fuse": 2}, study={"name": "broken"})
        trials = trials_of(learning_rate=(*RATES, 0.1, 0.2))
        results = [
            result for batch in run_segments_batched(segments_of(trials), spec, few) for result in batch
        ]
        again = [
            result for batch in run_segments_batched(segments_of(trials[1:]), spec, few) for result in batch
        ]
        assert tried == [[0, 1]]
        assert {result.state for result in results} == {TrialState.COMPLETE}
        reason = "training together failed: ValueError: no kernel"
        assert [result.notes.batching for result in results] == [reason] * 4 + [None]
        assert [result.notes.batching for result in again] == [reason] * 4

    def test_a_large_model_says_why_it_is_alone(self, few, spec_of):
        model = {"kind": "mlp", "neurons": 20_000}
        spec = spec_of(model=model, training={"epochs": 1}, resources={"fuse": 2})
        results = [
            r
            for batch in run_segments_batched(segments_of(trials_of(learning_rate=(0.1, 0.2))), spec, few)
            for r in batch
        ]
        assert [result.state for result in results] == [TrialState.COMPLETE] * 2
        assert all("weights, and above 8192" in result.notes.batching for result in results)
