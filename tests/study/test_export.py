"""When a bundle is made, and of which trial; what makes it is asked here and never runs."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sparktune.data.host import DataKey
from sparktune.errors import BundleError, LaunchError
from sparktune.ledger import BundleExported
from sparktune.report.evaluation import Evaluation, read_evaluation
from sparktune.spec import parse_spec
from sparktune.study.export import Exporter, ExportRequest
from sparktune.trial import TrialResult, TrialState

EVALUATION = Evaluation(1, "test", "regression", 4, 4)
GOOD = json.dumps({"test": {"loss": 0.5}, "evaluation": None})
EVALUATED = json.dumps({"test": {"loss": 0.5}, "evaluation": EVALUATION.to_json().decode()})
BAD = json.dumps({"error": "the disk is full"})


@dataclass
class Desk:
    """Stands for a ledger, for the processes that export, and for the place of bundles."""

    directory: Path
    best: TrialResult | None = None
    study_id: str = "1f2e"
    notes: list[BundleExported] = field(default_factory=list)
    answers: list[str] = field(default_factory=lambda: [GOOD] * 9)
    begun: list[int] = field(default_factory=list)
    ended: int = 0

    @property
    def best_model(self) -> Path | None:
        return self.best and self.directory / f"best-{self.best.trial}.keras"

    def note(self, note: BundleExported) -> None:
        self.notes.append(note)

    def last(self, kind: type) -> BundleExported | None:
        return self.notes[-1] if self.notes else None

    def lead(self, trial: int) -> None:
        self.best = TrialResult(trial, {"neurons": trial}, TrialState.COMPLETE, float(trial), 1)

    def call(self, module: str, text: str) -> SimpleNamespace:
        request = ExportRequest.from_json(text)
        self.begun.append(request.best.trial)
        request.directory.mkdir(parents=True)
        (request.directory / "manifest.json").write_text(str(request.best.trial))
        answer = self.answers.pop(0)

        def told() -> str:
            if not answer:
                raise LaunchError("ended without an answer")
            return answer

        def close() -> None:
            self.ended += 1

        return SimpleNamespace(answer=told, close=close)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path)
    monkeypatch.setattr("sparktune.study.export.ForkedCall", desk.call)
    monkeypatch.setattr("sparktune.study.export.move_bundle", lambda source, place: source.rename(place))
    monkeypatch.setattr("sparktune.study.export.load_bundle", lambda place: place)
    return desk


def exporter(desk: Desk, **resources: Any) -> Exporter:
    spec = parse_spec({"search": {"space": {"neurons": [1, 2]}}, "resources": resources})
    shared_data = SimpleNamespace(key=DataKey("d", 1), data=SimpleNamespace(digest="d"))
    objective = SimpleNamespace(metric="val_loss", direction="minimize")
    return Exporter(spec, shared_data, objective, desk)


def placed(desk: Desk) -> int:
    """The trial whose bundle is in its place, with nothing left beside it."""
    assert [path.name for path in desk.directory.iterdir()] == ["bundle"]
    return int((desk.directory / "bundle" / "manifest.json").read_text())


def test_a_request_crosses_to_the_worker_unchanged(desk: Desk) -> None:
    desk.lead(1)
    assert desk.best and desk.best_model
    request = exporter(desk)._request(desk.best, desk.best_model)
    assert ExportRequest.from_json(request.to_json()) == request
    assert (request.lineage.trial, request.lineage.data_digest) == (1, "d")


def test_without_a_best_trial_there_is_nothing_to_export(desk: Desk) -> None:
    with exporter(desk) as ours:
        ours.begin()
        assert ours.export() == (None, None)
    assert desk.begun == []


def test_a_best_trial_whose_model_is_lost_is_a_warning(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.lead(1)
    monkeypatch.setattr(Desk, "best_model", None)
    with exporter(desk) as ours:
        ours.begin()
        assert ours.export() == (None, None)
    assert "no bundle was made: the model file of trial 1, the best one, is missing" in caplog.text
    assert "run the same command again" in caplog.text
    assert desk.begun == []


def test_a_bundle_of_the_best_trial_outlives_its_model_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.lead(1)
    with exporter(desk) as ours:
        first = ours.export()
    monkeypatch.setattr(Desk, "best_model", None)
    with exporter(desk) as ours:
        assert ours.export() == first == (desk.directory / "bundle", {"loss": 0.5})
    assert desk.begun == [1]


def test_what_was_begun_with_the_last_trials_is_the_bundle(desk: Desk) -> None:
    with exporter(desk) as ours:
        desk.lead(1)
        ours.begin()
        ours.begin()
        assert ours.export() == (desk.directory / "bundle", {"loss": 0.5})
    assert (desk.begun, placed(desk)) == ([1], 1)
    assert desk.notes == [BundleExported(1, {"loss": 0.5})]


def test_a_better_trial_takes_the_place_of_what_was_begun(desk: Desk) -> None:
    with exporter(desk) as ours:
        for trial in (1, 2):
            desk.lead(trial)
            ours.begin()
        desk.lead(3)
        ours.export()
    assert (desk.begun, desk.ended, placed(desk)) == ([1, 2, 3], 3, 3)


def test_an_earlier_export_is_not_made_again(desk: Desk) -> None:
    desk.lead(1)
    with exporter(desk) as ours:
        ours.export()
    with exporter(desk) as ours:
        ours.begin()
        assert ours.export() == (desk.directory / "bundle", {"loss": 0.5})
    assert desk.begun == [1]


@pytest.mark.parametrize("answer", [BAD, ""])
def test_what_fails_beside_the_last_trials_is_tried_once_more(desk: Desk, answer: str) -> None:
    desk.answers = [answer, GOOD]
    desk.lead(1)
    with exporter(desk) as ours:
        ours.begin()
        ours.export()
    assert (desk.begun, placed(desk)) == ([1, 1], 1)


def test_what_fails_at_the_end_is_an_error_and_leaves_nothing(desk: Desk) -> None:
    desk.answers = [BAD]
    desk.lead(1)
    with exporter(desk) as ours, pytest.raises(BundleError, match="disk is full"):
        ours.export()
    assert list(desk.directory.iterdir()) == []


def test_an_interrupt_ends_what_was_begun(desk: Desk) -> None:
    desk.lead(1)
    with pytest.raises(KeyboardInterrupt), exporter(desk) as ours:
        ours.begin()
        raise KeyboardInterrupt
    assert desk.ended == 1
    assert list(desk.directory.iterdir()) == []


def test_trials_keep_their_gpus_to_themselves(desk: Desk) -> None:
    desk.lead(1)
    with exporter(desk, gpus=1) as ours:
        ours.begin()
        assert desk.begun == []


def test_figures_in_detail_lie_in_the_study_directory(desk: Desk) -> None:
    desk.answers = [EVALUATED]
    desk.lead(1)
    with exporter(desk) as ours:
        ours.export()
    assert read_evaluation(desk.directory, 1) == EVALUATION


def test_an_export_stands_though_its_figures_cannot_be_written(desk: Desk) -> None:
    desk.answers = [EVALUATED]
    desk.lead(1)
    (desk.directory / "evaluation.json").mkdir()
    with exporter(desk) as ours:
        assert ours.export() == (desk.directory / "bundle", {"loss": 0.5})
