"""`sparktune export`."""

import json
from pathlib import Path

import pytest

from sparktune.ledger import Ledger
from sparktune.spec import parse_spec
from sparktune.study import export_trial
from sparktune.study.tune import tune
from tests.cli.command import documented, run


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, fork_server: None) -> Path:
    """A study of one objective; its best trial's model is the one that is kept."""
    folder = tmp_path_factory.mktemp("study")
    spec = {
        "model": {"kind": "linear"},
        "training": {"epochs": 1},
        "search": {"space": {"learning_rate": [0.1]}},
        "resources": {"launcher": "local", "parallelism": 1},
        "output": {"directory": str(folder)},
    }
    rows = [[float(n)] for n in range(20)]
    return tune(spec, data=(rows, [2.0 * row[0] for row in rows]), offline=True).directory


def test_it_says_where_the_bundle_is(study: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capfd, "export", str(study), "0", "--json")
    document = json.loads(out)
    assert (code, document) == (0, {"trial": 0, "bundle": str(study / "pareto" / "0")})
    assert set(document) == documented("export")
    assert export_trial(study, 0).lineage.trial == 0


def test_a_trial_whose_model_is_not_kept_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = parse_spec({"search": {"space": {"neurons": [2, 4]}}})
    Ledger.open(tmp_path / "s", spec, "data", "maximize").close()
    code, _, err = run(capsys, "export", str(tmp_path / "s"), "3")
    assert code == 2 and "must be one whose model is kept (none yet)" in " ".join(err.split())
