"""Study directories as drivers leave them, written at once and with times of one's own."""

import math
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sparktune.ledger.events import (
    Event,
    Header,
    Launched,
    Recorded,
    StudyEnded,
    StudyStarted,
    event_to_line,
)
from sparktune.ledger.journal import encode_line
from sparktune.search import build_sampler
from sparktune.search.space import IndexedSpace
from sparktune.spec import parse_spec
from sparktune.summary import BestTrial, Objective, Summary
from sparktune.trial import TrialResult, TrialState

START = 1_700_000_000.0
SPACE: dict[str, Any] = {
    "neurons": [16, 32, 64],
    "learning_rate": [0.001, 0.01, 0.1],
    "optimizer": ["sgd", "adam"],
}
Timed = tuple[float, Event]
STARTED: Timed = (0.0, StudyStarted("val_accuracy", "maximize"))


def write_ledger(folder: Path, events: list[Timed], direction: str = "maximize", **sections: Any) -> Path:
    """A study directory whose ledger has these events, each `time` seconds after the study's start."""
    spec = parse_spec({"study": {"name": "small"}, "search": {"space": SPACE}, **sections}, True)
    document = spec.model_dump(mode="json")
    header = Header(1, "1f2e", document, spec.digest(), "d" * 64, direction, START)
    lines = [encode_line(asdict(header))]
    lines += [encode_line({**event_to_line(event), "time": START + time}) for time, event in events]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ledger.jsonl").write_bytes(b"".join(lines))
    return folder


def result(number: int, value: float | None = None, seconds: float = 2.0, **fields: Any) -> TrialResult:
    """A trial of the space at its point `number`; complete where it has a value."""
    state = TrialState.FAILED if value is None else TrialState.COMPLETE
    space = parse_spec({"search": {"space": SPACE}}, True).search.space
    history = {} if value is None else {"accuracy": [0.5, value + 0.05], "val_accuracy": [0.4, value]}
    given = {
        "params": IndexedSpace(space).point(number % 18),
        "state": state,
        "value": value,
        "epoch": 2 if value else None,
    }
    timings = {"build": 0.25 * seconds, "train": 0.75 * seconds}
    return TrialResult(
        **{"trial": number, "history": history, "timings": timings, "host": "a", **given, **fields}
    )


def launched(time: float, *numbers: int, attempt: int = 1) -> list[Timed]:
    """Events of the launch of these trials."""
    return [(time, Launched(number, attempt, 7, result(number).params)) for number in numbers]


def finished(folder: Path, count: int = 18, **sections: Any) -> Path:
    """A study of two slots that ended: every sixth trial failed, the value has its peak in the middle."""
    results = [result(n, None if n % 6 == 5 else value_of(n), error=error_of(n)) for n in range(count)]
    events: list[Timed] = [(0, StudyStarted("val_accuracy", "maximize"))]
    for r in results:
        begin = r.trial // 2 * 2.5 + r.trial % 2 / 1000
        events += [(begin, Launched(r.trial, 1, 7, r.params)), (begin + 2.3, Recorded(r, None))]
    best = max((r for r in results if r.value is not None), key=lambda r: (r.value, -r.trial))
    states = {"COMPLETE": sum(r.value is not None for r in results)}
    objective = Objective("val_accuracy", "maximize")
    summary = Summary("small", "1f2e", states, None, objective, BestTrial.of(best), {"accuracy": 0.8})
    events += [(max(t for t, _ in events) + 1, StudyEnded("FINISHED", summary))]
    return write_ledger(folder, sorted(events, key=lambda e: e[0]), **sections)


def several(folder: Path) -> Path:
    """A study of 18 trials that ended, with the accuracy and the parameters as objectives."""
    events: list[Timed] = [(0, StudyStarted("val_accuracy", "maximize"))]
    for number in range(18):
        accuracy = value_of(number)
        values = {"val_accuracy": accuracy, "parameters": 4000 - 150 * number}
        failed = number % 6 == 5
        record = result(number, None if failed else accuracy, values={} if failed else values)
        events.append((number + 1, Recorded(record, None)))
    events.append((20, StudyEnded("FINISHED")))
    metrics = [{"metric": "val_accuracy"}, {"metric": "parameters"}]
    return write_ledger(folder, events, objective={"metrics": metrics})


def value_of(number: int) -> float:
    return round(0.6 + 0.3 * math.sin(1 + number / 6) ** 2, 6)


def error_of(number: int) -> str | None:
    if number % 6 != 5:
        return None
    return (
        f'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: shape ({number}, 3) is wrong'
    )


def searched(folder: Path, count: int, more: int = 0) -> Path:
    """A random search of as many trials as given on four slots of two hosts; some fail, others diverge.

    It has four parameters, and so many more, which do not matter.
    """
    space = {
        "neurons": [16, 32, 64, 128],
        "learning_rate": {"low": 1e-4, "high": 0.3, "log": True},
        "dropout": {"low": 0.0, "high": 0.6},
        "optimizer": ["sgd", "adam", "rmsprop"],
        **{f"option_{number}": {"low": 0.0, "high": 1.0} for number in range(more)},
    }
    model = {"builder": "a:b"} if more else {}
    search = {"sampler": "random", "trials": count, "space": space}
    sampler = build_sampler(parse_spec({"search": search, "model": model}))
    source, free = random.Random(1), [0.0] * 4
    events: list[Timed] = [(0, StudyStarted("val_accuracy", "maximize"))]
    for number in range(count):
        params = sampler.ask(number)
        assert isinstance(params, dict)
        slot = free.index(min(free))
        seconds = source.uniform(3, 9) * params["neurons"] / 64
        good = math.exp(-(math.log10(params["learning_rate"] / 0.004) ** 2) / 1.5)
        value = round(min(0.99, 0.1 + 0.85 * good + source.gauss(0, 0.01)), 6)
        ended = {"params": params, "host": f"worker-{slot // 2}", "seconds": seconds}
        if number % 25 == 7:
            record = result(number, error=f"ValueError: {number} rows", **ended)
        elif params["learning_rate"] > 0.25:
            record = result(number, state=TrialState.DIVERGED, **ended)
        else:
            curve = [round(value * (1 - math.exp(-epoch / 3)), 5) for epoch in range(1, 20)]
            history = {"accuracy": [v + 0.01 for v in curve] + [value], "val_accuracy": [*curve, value]}
            record = result(number, value, epoch=20, history=history, **ended)
        events += [(free[slot] + slot / 1000, Launched(number, 1, 7, params))]
        events += [(free[slot] + 0.2 + seconds, Recorded(record, None))]
        free[slot] += 0.2 + seconds
    events.append((max(free) + 1, StudyEnded("FINISHED")))
    return write_ledger(folder, sorted(events, key=lambda e: e[0]), search=search, model=model)
