"""Bundles of trials of the front; those of real studies are made in test_objectives.py."""

from pathlib import Path

import pytest

from sparktune.errors import InputError, StudyDirectoryError
from sparktune.ledger import Ledger
from sparktune.spec import parse_spec
from sparktune.study.export_trial import export_trial
from sparktune.trial import TrialResult, TrialState


def test_a_study_without_a_bundle_is_run_to_its_end_first(tmp_path: Path) -> None:
    spec = parse_spec({"search": {"space": {"neurons": [2, 4]}}})
    with Ledger.open(tmp_path / "s", spec, "data", "maximize") as ledger:
        with pytest.raises(InputError, match=r"whose model is kept \(none yet\), but got 0"):
            export_trial(tmp_path / "s", 0)
        ledger.record(TrialResult(0, {"neurons": 2}, TrialState.COMPLETE, 0.5, 1, model=b"weights"))
    with pytest.raises(InputError, match="must hold the bundle of a study that has ended; run it to its end"):
        export_trial(tmp_path / "s", 0)
    with pytest.raises(InputError, match=r"whose model is kept \(0\), but got 1"):
        export_trial(tmp_path / "s", 1)
    with pytest.raises(StudyDirectoryError):
        export_trial(tmp_path / "none", 0)
