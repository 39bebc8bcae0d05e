"""Texts that a reader of MLflow's pages sees: names of runs, rounded numbers, the study's description."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sparktune.summary import Summary
from sparktune.trial import Params, TrialResult

NAME_LENGTH = 60
KEY_LENGTH = 250
MOST_OF_FRONT = 10  # trials of the Pareto front in the description
# Used where the full names make a run's name too long.
SHORT_NAMES = {
    "activation": "act",
    "batch_size": "batch",
    "learning_rate": "lr",
    "momentum": "mom",
    "optimizer": "opt",
    "weight_decay": "wd",
}
PageOf = Callable[[int], str | None]


def run_name(number: int, params: Params) -> str:
    """The name of a trial's run: its number and what was searched.

    Full names of parameters where the name fits 60 characters, else short ones; what is still longer is cut.

    Example:
        >>> run_name(10, {"neurons": 64, "learning_rate": 0.0123456})
        '#10 neurons=64 learning_rate=0.0123'
    """
    full = _pairs(number, {name: name for name in params}, params)
    if len(full) <= NAME_LENGTH:
        return full
    short = _pairs(number, {name: SHORT_NAMES.get(name, name) for name in params}, params)
    return short if len(short) <= NAME_LENGTH else short[: NAME_LENGTH - 1] + "…"


def _pairs(number: int, names: Mapping[str, str], params: Params) -> str:
    return " ".join(
        [f"#{number}", *(f"{names[name]}={short_value(value)}" for name, value in params.items())]
    )


def short_value(value: Any) -> str:
    """A parameter in few characters: three digits of a fraction, `64-32` for a list."""
    if isinstance(value, (list, tuple)):
        return "-".join(map(short_value, value)) or "none"
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value, default=str)


def mlflow_key(name: str) -> str:
    """A name as a key of MLflow: `_` for each character that it refuses, at most 250 characters."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:KEY_LENGTH] or "_"


def objective_key(name: str) -> str:
    """The metric of a run that has a trial's value of one of several objectives."""
    return f"objective.{name}"


def text_of(value: Any, length: int) -> str:
    """A str as it is, everything else as JSON, so that MLflow's plots read numbers as numbers."""
    return (value if isinstance(value, str) else json.dumps(value, default=str))[:length]


def study_description(summary: Summary, best: Sequence[TrialResult], page_of: PageOf, table: str) -> str:
    """The description of a study's own run, in Markdown: the best trial, the test split, the best few.

    Args:
        summary: the outcome.
        best: the best trials, the best one first.
        page_of: the address of a trial's page; None where there is none.
        table: the address of the table of all runs.
    """
    metric = summary.objective.metric
    states = ", ".join(f"{count} {state}" for state, count in summary.states.items())
    parts = [f"Trials: {states or 'none'}; [all of them, the best one first]({table})."]
    if summary.best is not None:
        found = f"{metric} {summary.best.value:.4g} in epoch {summary.best.epoch}"
        parts.insert(0, f"Best: {_link(summary.best.trial, summary.best.params, page_of)}, {found}.")
    if summary.test:
        measured = ", ".join(f"{name} {value:.4g}" for name, value in summary.test.items())
        parts.insert(1, f"Its model on the test split: {measured}.")
    if summary.pareto:
        parts.append(_front_table(summary, page_of))
    elif len(best) > 1:
        head = [f"| trial | {metric} | epoch | seconds |", "|:--|--:|--:|--:|"]
        rows = [
            f"| {_link(r.trial, r.params, page_of)} | {r.value:.4g} | {r.epoch} | {r.seconds:.3g} |"
            for r in best
        ]
        parts.append("\n".join([*head, *rows]))
    return "\n\n".join(parts)


def _front_table(summary: Summary, page_of: PageOf) -> str:
    """The first trials of the Pareto front with their values, as a table in Markdown."""
    names = [metric.metric for metric in summary.objective.metrics]
    head = [f"| trial | {' | '.join(names)} |", f"|:--|{'--:|' * len(names)}"]
    rows = [
        f"| {_link(t.trial, t.params, page_of)} | {' | '.join(f'{t.values[name]:.6g}' for name in names)} |"
        for t in summary.pareto[:MOST_OF_FRONT]
    ]
    title = (
        f"Pareto front: {len(summary.pareto)} trials that no other one beats in all of {', '.join(names)}."
    )
    return "\n\n".join([title, "\n".join([*head, *rows])])


def _link(number: int, params: Params, page_of: PageOf) -> str:
    """The trial's name in Markdown, which leads to its page where there is one."""
    name, page = run_name(number, params).replace("|", "/"), page_of(number)
    return f"[{name}]({page})" if page else name
