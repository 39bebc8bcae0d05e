"""What a study takes over from an earlier one, and which earlier ones are refused."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from studies import document

from sparktune.errors import SpecError
from sparktune.ledger import Ledger, StudyStarted, WarmStarted
from sparktune.spec import StudySpec, parse_spec
from sparktune.study.warm_start import keep_warm_start, read_warm_start
from sparktune.summary import Objective
from sparktune.trial import TrialResult, TrialState

OBJECTIVE = Objective("val_accuracy", "maximize")
DONE = [
    TrialResult(0, {"kind": "mlp", "neurons": 4}, TrialState.COMPLETE, 0.5),
    TrialResult(1, {"kind": "mlp", "neurons": 64}, TrialState.COMPLETE, 0.7),
    TrialResult(
        2, {"kind": "linear"}, TrialState.PRUNED, history={"val_accuracy": [0.1, 0.2], "loss": [2.0]}
    ),
]


def study(folder: Path, **search: Any) -> StudySpec:
    return parse_spec(document(folder, search=search))


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A study over two kinds, without a model."""
    spec = study(tmp_path / "first", space={"kind": ["linear", "mlp"], "neurons": [4, 64]})
    with Ledger.open(spec.study_directory, spec, "0" * 64, "maximize") as ledger:
        ledger.note(StudyStarted("val_accuracy", "maximize"))
        for result in DONE:
            ledger.record(result)
    return spec.study_directory


def warm(folder: Path, earlier: Path, **search: Any) -> StudySpec:
    space = {"kind": ["linear", "mlp"], "neurons": {"low": 1, "high": 32}, "learning_rate": [0.1, None]}
    return study(folder, space=space, sampler="tpe", trials=3, warm_start=str(earlier), **search)


def test_trials_of_the_space_are_taken_over_with_the_values_that_were_fixed(
    tmp_path: Path, earlier: Path
) -> None:
    found = read_warm_start(warm(tmp_path, earlier), OBJECTIVE)
    assert found is not None
    assert [result.params for result in found.results] == [
        {"kind": "mlp", "neurons": 4, "learning_rate": None},
        {"kind": "linear", "learning_rate": None},
    ]
    assert found.results[1].history == {"val_accuracy": [0.1, 0.2]}


@pytest.mark.parametrize("damaged", [b"warm_started", b"format"])
def test_what_was_taken_over_outlives_a_damaged_line_and_the_earlier_study(
    tmp_path: Path, earlier: Path, damaged: bytes
) -> None:
    spec = warm(tmp_path, earlier)
    found = read_warm_start(spec, OBJECTIVE)
    with Ledger.open(spec.study_directory, spec, "0" * 64, "maximize") as ledger:
        keep_warm_start(found, spec, ledger)
    shutil.rmtree(earlier)
    path = spec.study_directory / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(damaged, damaged.replace(b"a", b"b"), 1))
    assert read_warm_start(spec, OBJECTIVE) == found


def test_what_another_driver_has_taken_over_first_counts(tmp_path: Path, earlier: Path) -> None:
    spec = warm(tmp_path, earlier)
    first = WarmStarted("first", [DONE[0]], weights="ab" * 32, origin="those of trial 0")
    with Ledger.open(spec.study_directory, spec, "0" * 64, "maximize") as ledger:
        ledger.note(first)
        assert keep_warm_start(WarmStarted("first", DONE), spec, ledger) == first


@pytest.mark.parametrize(
    ("change", "objective", "message"),
    [
        ({}, Objective("val_loss", "minimize"), r"same objective, val_loss \(minimize\), but .*val_accuracy"),
        ({"weights": True}, OBJECTIVE, r"warm_start\.weights needs the best model of .*, but it has none"),
        ({"study": "nowhere"}, OBJECTIVE, r"search\.warm_start must be the folder of a study, but nowhere"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, earlier: Path, change: dict[str, Any], objective: Objective, message: str
) -> None:
    section = {"study": str(earlier), **change}
    spec = study(tmp_path, space={"neurons": [4]}, sampler="tpe", trials=1, warm_start=section)
    with pytest.raises(SpecError, match=message):
        read_warm_start(spec, objective)


@pytest.mark.parametrize("sampler", ["grid", "random", "qmc"])
def test_a_sampler_that_learns_nothing_needs_no_trials(tmp_path: Path, sampler: str) -> None:
    search = {"space": {"neurons": [4]}, "sampler": sampler, "trials": 1}
    assert study(tmp_path, **search, warm_start={"study": "x", "weights": True}).search.warm_start
    with pytest.raises(
        SpecError, match=rf"warm_start has no effect for sampler {sampler}, which learns nothing"
    ):
        study(tmp_path, **search, warm_start="x")
