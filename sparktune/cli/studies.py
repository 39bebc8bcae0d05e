"""Commands of study directories: how a study stands, one of its trials, its best, and MLflow again."""

import time
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparktune.cli.options import StudyDirectory
from sparktune.cli.output import Output, with_output
from sparktune.errors import StudyFailed
from sparktune.summary import AGAIN, way_on
from sparktune.trial import TrialState, param_texts

if TYPE_CHECKING:
    from sparktune.report import StudyRecord, TrialRecord

NARROW = 60  # columns
SHOWN = 10  # trials that run


@with_output
def status_command(
    output: Output,
    directory: StudyDirectory,
) -> None:
    """Say how a study stands: also while it runs, and where its driver was killed."""
    from sparktune.report import read_study

    study = read_study(directory)
    document = status_document(study, time.time())
    output.answer(document, *status_lines(study, document))


def status_document(study: "StudyRecord", now: float) -> dict[str, Any]:
    """How a study stands `now`, in seconds since 1970.

    `seconds` is the time that drivers worked on it; `seconds_left` an estimate from the trials of the driver
    that runs, None where there is none yet.
    """
    running = [trial.number for trial in study.trials if trial.state is TrialState.RUNNING]
    states: dict[str, int] = {}
    for trial in study.trials:
        states[trial.state] = states.get(trial.state, 0) + 1
    done = sum(trial.state.terminal for trial in study.trials)
    live = study.status == "RUNNING" and bool(study.sessions)
    return {
        "study": study.name,
        "study_id": study.study_id,
        "directory": str(study.directory),
        "status": study.status,
        "trials": {"total": study.total, "done": done, "running": running, "states": states},
        "objective": study.objective.to_record(),
        "best": None if study.best is None else best_document(study.best),
        "seconds": round(study.seconds + (now - study.sessions[-1].ended if live else 0.0), 3),
        "seconds_left": _seconds_left(study, done, now) if live else None,
        **pareto_document(study),
    }


def best_document(best: "TrialRecord") -> dict[str, Any]:
    """The best trial as `summary.json` has it."""
    return {"trial": best.number, "params": best.params, "value": best.value, "epoch": best.epoch}


def pareto_document(study: "StudyRecord") -> dict[str, Any]:
    """The Pareto front as `summary.json` has it; with one objective nothing."""
    if not study.objective.metrics:
        return {}
    return {
        "pareto": [
            {"trial": t.number, "params": t.params, "values": t.values, "epoch": t.epoch}
            for t in study.pareto
        ]
    }


def _pareto_lines(study: "StudyRecord") -> list[str]:
    """The Pareto front, a line for each trial; with one objective nothing."""
    lines = [
        f"  trial {t.number}, {_found(study, t)} ({', '.join(param_texts(t.params))})" for t in study.pareto
    ]
    return [f"pareto: {len(lines)} trials that no other one beats in all objectives", *lines] if lines else []


def _seconds_left(study: "StudyRecord", done: int, now: float) -> float | None:
    """From the trials that ended since the driver started; None where there are none, or no total."""
    started = study.sessions[-1].started
    ended = sum(t.state.terminal and t.ended is not None and t.ended >= started for t in study.trials)
    if not ended or study.total is None:
        return None
    return round((study.total - done) * (now - started) / ended, 1)


def status_lines(study: "StudyRecord", document: dict[str, Any]) -> list[str]:
    """The document of `status_document` as lines of text."""
    trials = document["trials"]
    states = ", ".join(f"{count} {state}" for state, count in sorted(trials["states"].items()))
    total = "" if study.total is None else f" of {study.total}"
    lines = [
        f"study    {study.name}: {study.status}{_how(study)}",
        f"trials   {trials['done']}{total} done" + (f" ({states})" if states else ""),
    ]
    if study.best is not None:
        lines += [f"best     trial {study.best.number}, {_found(study, study.best)}"]
        lines += [f"         {pair}" for pair in param_texts(study.best.params)]
    if study.pareto:
        lines += [f"pareto   trials {', '.join(str(trial.number) for trial in study.pareto)}"]
    left = document["seconds_left"]
    lines += [
        f"time     {document['seconds']:.1f} s" + ("" if left is None else f", about {left:.0f} s left")
    ]
    for number in trials["running"][:SHOWN]:
        params = ", ".join(param_texts(study.trial(number).params))
        lines += [f"running  trial {number}" + (f" ({params})" if params else "")]
    if (more := len(trials["running"]) - SHOWN) > 0:
        lines += [f"         and {more} more"]
    if study.status == "KILLED":
        way = way_on(study.stopped, study.objective) if study.stopped else AGAIN
        lines += [f"stopped before its end; {way} to resume"]
    return lines


@with_output
def show_command(
    output: Output,
    directory: StudyDirectory,
    number: Annotated[int, typer.Argument(metavar="TRIAL", help="The trial's number, from 0.")],
) -> None:
    """Show one trial: its parameters, its learning curves, and its error."""
    from sparktune.report import read_study

    study = read_study(directory)
    trial = study.trial(number)
    document = {
        "trial": trial.number,
        "state": trial.state,
        "params": trial.params,
        "value": trial.value,
        "epoch": trial.epoch,
        "history": trial.history,
        "seconds": trial.seconds,
        "timings": trial.timings,
        "attempts": trial.attempts,
        "host": trial.host,
        "notes": trial.notes.to_record(),
        "error": trial.error,
    }
    if study.objective.metrics:
        document |= {"values": trial.values, "pareto": trial in study.pareto}
    output.answer(document, *trial_lines(study, trial))


def trial_lines(study: "StudyRecord", trial: "TrialRecord") -> list[str]:
    """A trial as lines of text: parameters, value, times, curves and error."""
    from sparktune.report.text_plot import text_plot

    lines = [f"trial {trial.number} of study {study.name}: {trial.state}"]
    lines += [f"  {pair}" for pair in param_texts(trial.params)]
    if trial.value is not None:
        lines += [_found(study, trial)]
    if trial.seconds:
        phases = ", ".join(f"{name} {seconds:.2f}" for name, seconds in trial.timings.items())
        lines += [f"{trial.seconds:.2f} s on {trial.host or 'this host'} ({phases})"]
    if trial.attempts > 1:
        lines += [f"{trial.attempts} attempts"]
    metric = study.objective.metric
    names = [metric, metric.removeprefix("val_")] if metric.startswith("val_") else [metric]
    curves = {name: trial.history[name] for name in names if trial.history.get(name)}
    if curves:
        lines += ["", text_plot(curves, NARROW)]
    if trial.error:
        lines += ["", trial.error.rstrip()]
    return lines


@with_output
def best_command(
    output: Output,
    directory: StudyDirectory,
) -> None:
    """Name the best trial of a study, its parameters and its exported model.

    Exit code 1 where no trial has a value yet.
    """
    from sparktune.bundle.manifest import MANIFEST, read_manifest
    from sparktune.report import read_study

    study = read_study(directory)
    best = study.best
    if best is None:
        failed = next((trial for trial in study.trials if trial.complaint), None)
        first = f" (trial {failed.number} failed: {failed.complaint})" if failed else ""
        raise StudyFailed(
            f"no trial of study {study.name} has a value yet{first}; "
            f"run `sparktune status {quote(str(directory))}`"
        )
    exported = study.summary.best if study.summary and study.summary.bundle else None
    there = (directory / "bundle" / MANIFEST).exists()
    model = str(directory / "bundle") if there and exported and exported.trial == best.number else None
    baseline = None if study.baseline is None else best_document(study.baseline)
    engine = read_manifest(directory / "bundle").engine if model else None
    document = {**best_document(best), "test": study.test, "bundle": model, "engine": engine}
    document["baseline"] = baseline
    document |= pareto_document(study)
    lines = [f"trial {best.number} of study {study.name}, {_found(study, best)}"]
    lines += [f"  {pair}" for pair in param_texts(best.params)]
    if study.baseline is not None and study.baseline.number != best.number:
        lines += [f"baseline: trial {study.baseline.number}, {_found(study, study.baseline)}"]
    if study.test:
        lines += ["test: " + ", ".join(f"{name} {value:.6g}" for name, value in study.test.items())]
    shown = [f"model: {model}", f"engine: {engine}"] if model else []
    output.answer(document, *lines, *shown, *_pareto_lines(study))


@with_output
def sync_command(
    output: Output,
    directory: StudyDirectory,
) -> None:
    """Write a study into MLflow again from its ledger; what is there already is not doubled."""
    from sparktune.study import sync_study

    ids = sync_study(directory)
    output.answer(ids)
    output.note(f"MLflow experiment {ids['experiment_id']}, run {ids['run_id']}")


def _how(study: "StudyRecord") -> str:
    """What stopped the study before its end, in brackets; nothing where that is not known."""
    if study.stopped is None:
        return ""
    return " (interrupted)" if study.stopped == "interrupt" else f" (stopped by {study.stopped})"


def _found(study: "StudyRecord", trial: "TrialRecord") -> str:
    epoch = "" if trial.epoch is None else f" at epoch {trial.epoch}"
    others = [(name, value) for name, value in trial.values.items() if name != study.objective.metric]
    also = "".join(
        f", {name} {value if isinstance(value, int) else f'{value:.6g}'}" for name, value in others
    )
    return f"{study.objective.metric} {trial.value:.6g}{epoch}{also}"
