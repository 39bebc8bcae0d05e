"""Each kind of line: its JSON, and the value that it reads back as."""

import copy
import json
from functools import reduce
from operator import getitem
from typing import Any

import pytest

from sparktune.ledger.events import (
    BundleExported,
    Event,
    Launched,
    Recorded,
    Retried,
    Skipped,
    SpecChanged,
    StudyEnded,
    StudyStarted,
    Voided,
    event_of_line,
    event_to_line,
    header_of_line,
)
from sparktune.summary import Objective, Summary
from sparktune.trial import TrialResult, TrialState

RESULT = TrialResult(
    3, {"neurons": 4}, TrialState.COMPLETE, 0.5, 2, {"loss": [1.0, 0.5]}, {"train": 1.0}, "h"
)
RECORD = json.loads(json.dumps(RESULT.to_record()))
SUMMARY = Summary("s", "1f2e", {"FAILED": 1}, "timeout", Objective("val_loss", "minimize"))
LINES: list[tuple[Event, dict[str, Any]]] = [
    (
        Launched(3, 2, 9, {"neurons": 4}),
        {
            "event": "launched",
            "trial": 3,
            "state": "RUNNING",
            "attempt": 2,
            "seed": 9,
            "params": {"neurons": 4},
        },
    ),
    (Recorded(RESULT, "ab"), {"event": "result", "model": "ab", "result": RECORD}),
    (Voided(3, "no file"), {"event": "void", "trial": 3, "why": "no file"}),
    (SpecChanged({"a": 1}), {"event": "spec", "spec": {"a": 1}}),
    (
        StudyStarted("loss", "minimize", {"train": 8}),
        {
            "event": "note",
            "kind": "started",
            "fields": {"metric": "loss", "direction": "minimize", "rows": {"train": 8}},
        },
    ),
    (
        StudyEnded("FAILED", SUMMARY),
        {"event": "note", "kind": "ended", "fields": {"state": "FAILED", "summary": SUMMARY.to_record()}},
    ),
    (
        BundleExported(3, {"loss": 0.5}),
        {"event": "note", "kind": "exported", "fields": {"trial": 3, "test": {"loss": 0.5}}},
    ),
    (Retried(3), {"event": "retried", "trial": 3}),
    (Skipped(3), {"event": "skipped", "trial": 3}),
]


@pytest.mark.parametrize(("event", "line"), LINES, ids=lambda value: type(value).__name__)
def test_a_line_and_its_event_are_the_same(event: Event, line: dict[str, Any]) -> None:
    assert json.loads(json.dumps(event_to_line(event))) == line
    for checked in (True, False):
        assert event_of_line({**line, "time": 1.0}, checked) == (1.0, event)


@pytest.mark.parametrize("checked", [True, False])
def test_a_start_of_an_earlier_version_has_no_rows(checked: bool) -> None:
    fields = {"metric": "loss", "direction": "minimize"}
    line = {"event": "note", "kind": "started", "fields": fields, "time": 1.0}
    assert event_of_line(line, checked) == (1.0, StudyStarted("loss", "minimize"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("0.trial", "three"),
        ("0.trial", None),
        ("0.params", [4]),
        ("1.model", 7),
        ("1.result", "lost"),
        ("1.result.trial", None),
        ("1.result.state", "COMPLETF"),
        ("1.result.value", {}),
        ("1.result.history", {"loss": 1.0}),
        ("1.result.history", {"loss": ["x"]}),
        ("2.trial", [3]),
        ("3.spec", 5),
        ("4.fields", None),
        ("4.fields.metric", 5),
        ("5.fields.summary", "lost"),
        ("6.fields.trial", {}),
    ],
)
def test_a_value_of_a_wrong_type_is_a_value_error(path: str, value: Any) -> None:
    number, *parents, name = path.split(".")
    line = copy.deepcopy({**LINES[int(number)][1], "time": 1.0})
    reduce(getitem, parents, line)[name] = value
    with pytest.raises(ValueError):
        event_of_line(line)


@pytest.mark.parametrize("name", ["trial", "params", "state"])
def test_a_result_without_what_it_needs_is_a_value_error(name: str) -> None:
    record = {key: value for key, value in RECORD.items() if key != name}
    with pytest.raises(ValueError, match=name):
        event_of_line({"event": "result", "model": None, "result": record, "time": 1.0})


@pytest.mark.parametrize("line", [{}, {"event": "later"}, {"event": "note", "kind": "later", "fields": {}}])
def test_what_another_version_tells_is_passed_over(line: dict[str, Any]) -> None:
    assert event_of_line({**line, "time": 1.0}) is None
    with pytest.raises(ValueError, match="a name is damaged"):
        event_of_line({**line, "time": 1.0}, checked=False)


def test_what_another_version_adds_is_passed_over_where_a_checksum_vouches_for_it() -> None:
    event, line = LINES[1]
    for more in ({**line, "rung": 3}, {**line, "result": {**RECORD, "rung": 3}}):
        assert event_of_line({**more, "time": 1.0}) == (1.0, event)
        with pytest.raises(ValueError, match="a name is damaged"):
            event_of_line({**more, "time": 1.0}, checked=False)


@pytest.mark.parametrize("time", [None, "noon", []])
def test_a_line_needs_its_time(time: object) -> None:
    with pytest.raises(ValueError, match="time must be a number"):
        event_of_line({**LINES[2][1], "time": time})


def test_a_header_needs_all_its_members() -> None:
    with pytest.raises(ValueError, match="spec_digest"):
        header_of_line({"format": 1, "study_id": "a"})
