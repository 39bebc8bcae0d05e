"""Losses and metrics of the user's own."""

from pathlib import Path
from typing import Any

import pytest

from sparktune.errors import ModelError, SpecError
from sparktune.training import run_trial
from sparktune.training.checks import check_model
from sparktune.training.objective import produced
from sparktune.trial import TrialState

CODE = """
import keras

def brier(targets, outputs):
    flags = keras.ops.one_hot(keras.ops.reshape(targets, (-1,)), 3)
    return keras.ops.mean(keras.ops.square(flags - outputs), axis=-1)

def doubled(targets, outputs):
    return 2 * keras.losses.sparse_categorical_crossentropy(targets, outputs)

def mean(targets, outputs):
    return keras.ops.mean(outputs)

def broken(targets, outputs):
    raise RuntimeError("no such thing")

def alone(targets):
    return targets

accuracy = brier
number = 3
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module of such functions."""
    (tmp_path / "own_goals_of_mine.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "own_goals_of_mine"


def test_they_are_minimised_and_measured(mine: str, blobs: Any, spec_of: Any, trial_of: Any) -> None:
    spec = spec_of(
        {},
        training={"epochs": 2, "loss": f"{mine}:doubled", "metrics": ["accuracy", f"{mine}:brier"]},
        objective={"metric": "val_brier", "direction": "minimize"},
    )
    check_model(spec, blobs.schema)
    result = run_trial(trial_of(), spec, blobs)
    assert result.state is TrialState.COMPLETE, result.error
    assert set(result.history) == set(produced(spec.training, blobs.schema))
    assert result.value == min(result.history["val_brier"])
    assert result.notes.engine == "fit"
    plain = run_trial(trial_of(), spec_of({}, training={"epochs": 1}), blobs).history
    assert result.history["loss"][0] > plain["loss"][0]


@pytest.mark.parametrize(
    ("training", "error", "message"),
    [
        (
            {"loss": "MINE:mean"},
            ModelError,
            r"training.loss must give one number for each of 6 rows, .* shape \(\)",
        ),
        (
            {"loss": "MINE:broken"},
            ModelError,
            r"training.loss must compute .* raised RuntimeError: no such thing",
        ),
        (
            {"metrics": ["MINE:alone"]},
            ModelError,
            r"training.metrics\[0\] must be a function of targets and out",
        ),
        ({"metrics": ["MINE:number"]}, ModelError, r"training.metrics\[0\] must be a function .* has 3"),
        ({"metrics": ["MINE:absent"]}, ModelError, r"holds no 'absent'"),
        ({"metrics": ["MINE:accuracy"]}, SpecError, r"must have different names, but two are 'accuracy'"),
        ({"metrics": ["f2"]}, SpecError, r"must be one of .* or package.module:function"),
    ],
)
def test_what_is_refused(
    mine: str, blobs: Any, spec_of: Any, training: dict[str, Any], error: type[Exception], message: str
) -> None:
    named = eval(repr(training).replace("MINE", mine))
    with pytest.raises(error, match=message):
        check_model(spec_of({}, training=named), blobs.schema)
