"""The command that checks a study file and says what it would run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sparktune.cli.options import Config, Offline, Overrides
from sparktune.cli.output import Output, size_text, with_output
from sparktune.spec import StudySpec, load_spec
from sparktune.spec.domain import Choice, Domain
from sparktune.summary import Objective

if TYPE_CHECKING:
    from sparktune.study.column_table import ColumnRow
    from sparktune.study.plan import StudyPlan

SHOWN = 8  # values of a domain and classes
MOST_COLUMNS = 60
MOST_LETTERS = 28


@with_output
def check_command(
    output: Output,
    config: Config,
    overrides: Overrides = None,
    offline: Offline = False,
) -> None:
    """Check a study file as `tune` does before its first trial, and say what would run.

    Nothing is trained, and no file of a study is written; mnist and fashion_mnist are downloaded where Keras
    has no copy of them. Exit codes: 0 it can run, 2 bad input.
    """
    from sparktune.study.plan import plan_study

    spec = load_spec(config, overrides or ())
    plan = plan_study(spec, offline)
    output.answer(plan.to_record(), *plan_lines(spec, plan))


def plan_lines(spec: StudySpec, plan: "StudyPlan") -> list[str]:
    """The plan as lines of text."""
    trials = "any number of trials" if plan.trials is None else f"{plan.trials} trials"
    done = f", {plan.done} of them done" if plan.done else ""
    place = "on Spark" if plan.launcher == "spark" else "in processes of this machine"
    at_once = "as many at once as Spark grants" if plan.slots is None else f"{plan.slots} at once"
    rows = ", ".join(f"{count:,} {split}" for split, count in plan.rows.items())
    kinds = " or ".join(model.kind for model in spec.models)
    classes = f": {_some([str(label) for label in plan.classes])}" if plan.classes else ""
    return [
        f"study      {plan.study} in {plan.directory}",
        f"trials     {trials}{done} by sampler {spec.search.sampler}",
        f"           {at_once}, {place}",
        *(f"space      {name}: {_values(domain)}" for name, domain in spec.search.space.items()),
        f"model      {kinds}, {spec.epochs} epochs unless searched",
        f"objective  {_objective(plan.objective)}",
        f"data       {rows} rows, {size_text(plan.bytes)}",
        f"label      {plan.label}, {plan.task}{classes}",
        f"MLflow     {spec.tracking.uri}",
        "",
        *column_lines(plan.columns),
    ]


def _objective(objective: Objective) -> str:
    """The metric that decides, or all of several."""
    shown = "; ".join(f"{metric.metric}, {metric.direction}" for metric in objective.all)
    return f"{shown}; best by {objective.metric}" if objective.metrics else shown


def column_lines(columns: "Sequence[ColumnRow]") -> list[str]:
    """The columns as a table of text, which is cut where there are many."""
    head = ("column", "type", "encoder", "missing", "levels", "holds", "the network sees")
    rows = [
        (
            c.column,
            c.type,
            c.encoder,
            f"{c.missing:,}",
            "" if c.levels is None else f"{c.levels:,}",
            c.typical,
            c.network,
        )
        for c in columns[:MOST_COLUMNS]
    ]
    widths = [min(MOST_LETTERS, max(map(len, cells))) for cells in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(_cut(cell).ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
        + f"  {row[-1]}"
        for row in (head, *rows)
    ]
    more = len(columns) - len(rows)
    return [*lines, f"and {more:,} more columns"] if more else lines


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 3] + "..."


def _values(domain: Domain) -> str:
    if isinstance(domain, Choice):
        return _some([str(value) for value in domain.values])
    scale = " (log)" if domain.log else ""
    return f"{domain.low} to {domain.high}{scale}"


def _some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
