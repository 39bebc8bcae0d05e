"""Slots as the ledger lets them be found again."""

import itertools
from pathlib import Path

import pytest

from sparktune.ledger.events import Launched, Recorded, StudyStarted
from sparktune.report import StudyRecord, read_study
from sparktune.report.slots import busy_share, slots_of, waiting_of
from tests.report.ledgers import Timed, result, write_ledger


def test_each_trial_lies_on_one_slot_and_no_two_overlap(random_search: StudyRecord) -> None:
    slots = slots_of(random_search)
    assert [slot.host for slot in slots] == ["worker-0", "worker-0", "worker-1", "worker-1"]
    assert sorted(bar.trial for slot in slots for bar in slot.bars) == list(range(200))
    for slot in slots:
        bars = slot.bars
        assert all(a.end <= b.idle + 1e-3 and b.idle <= b.begin <= b.end for a, b in itertools.pairwise(bars))
    share = busy_share(random_search, slots)
    assert share is not None and 0.85 < share < 1


def test_waiting(grid: StudyRecord, empty: StudyRecord) -> None:
    waiting = waiting_of(grid)
    assert waiting is not None and waiting.longest == pytest.approx(0.3)
    assert waiting_of(empty) is None
    assert slots_of(empty) == () and busy_share(empty, ()) is None


def test_what_was_launched_ahead_waits_for_its_slot(tmp_path: Path) -> None:
    events: list[Timed] = [(0, StudyStarted("val_accuracy", "maximize"))]
    events += [(n / 1000, Launched(n, 1, 7, result(n).params)) for n in range(2)]
    events += [(2.5, Recorded(result(0, 0.5), None)), (5.0, Recorded(result(1, 0.5), None))]
    study = read_study(write_ledger(tmp_path, events))
    (slot,) = slots_of(study)
    times = [(round(bar.idle, 2), round(bar.begin, 2), round(bar.end, 2)) for bar in slot.bars]
    assert times == [(0, 0.5, 2.5), (2.5, 3, 5)]
    waiting = waiting_of(study)
    assert waiting is not None and (waiting.trial, waiting.longest) == (1, pytest.approx(2.999))


def test_a_result_on_its_way_does_not_need_a_slot_of_its_own(tmp_path: Path) -> None:
    events: list[Timed] = [(0, StudyStarted("val_accuracy", "maximize"))]
    events += [(n / 1000, Launched(n, 1, 7, result(n).params)) for n in range(2)]
    events += [(2.05, Recorded(result(0, 0.5), None)), (4.0, Recorded(result(1, 0.5), None))]
    (slot,) = slots_of(read_study(write_ledger(tmp_path, events)))
    assert [round(bar.begin, 2) for bar in slot.bars] == [0.05, 2.05]
