"""What a study takes over from an earlier one: trials for its sampler, weights for alike models.

It is fixed at the first run: the ledger keeps the trials, `warm_start.npz` beside it the weights. A study
that is resumed does not look at the earlier one again.
"""

import json
import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from sparktune.data import Dataset
from sparktune.data.initial import InitialWeights
from sparktune.errors import LaunchError, SpecError, StudyDirectoryError
from sparktune.launch import ForkedCall
from sparktune.ledger import Ledger, StudyStarted, WarmStarted
from sparktune.ledger.ownership import LEDGER
from sparktune.ledger.reading import read_ledger
from sparktune.spec import StudySpec
from sparktune.spec.conditions import by_dependence, is_searched
from sparktune.spec.kinds import KIND
from sparktune.summary import Objective
from sparktune.trial import Params, TrialResult, TrialState

FILE = "warm_start.npz"
FIELD = "search.warm_start"
MODULE = "sparktune.study.warm_start_worker"  # not imported here, as a module that is run must not be

log = logging.getLogger("sparktune")


@final
@dataclass(frozen=True)
class WeightsRequest:
    """A model file, the study and the parameters that it comes from, and the file for its arrays."""

    spec: StudySpec
    params: Params
    model: Path
    target: Path

    def to_json(self) -> str:
        """A JSON object."""
        fields = {"params": self.params, "model": str(self.model), "target": str(self.target)}
        return json.dumps({"spec": self.spec.model_dump(mode="json"), **fields})


def read_warm_start(spec: StudySpec, objective: Objective) -> WarmStarted | None:
    """What the study takes over, as it was at its first run; None where it asks for nothing.

    Raises:
        SpecError: the earlier study has another objective, or no model where its weights are wanted.
        StudyDirectoryError: there is no such study.
    """
    wanted, own = spec.search.warm_start, spec.study_directory
    if wanted is None:
        return None
    with suppress(OSError):  # a new study; its ledger may be damaged, as it is repaired where it is opened
        recorded = read_ledger(own / LEDGER).last(WarmStarted)
        if recorded is not None:
            return recorded
    earlier = _earlier(wanted.study)
    _check_objective(earlier, objective)
    if wanted.weights and earlier.best_model is None:
        raise SpecError(f"{FIELD}.weights needs the best model of {wanted.study}, but it has none")
    fitting = [(result, _in_space(result.params, earlier.spec, spec)) for result in earlier.results.values()]
    results = [
        _trimmed(result, params, objective.metric) for result, params in fitting if isinstance(params, dict)
    ]
    _say(earlier, spec, len(results), [name for _, name in fitting if isinstance(name, str)])
    best = earlier.best
    origin = f"those of trial {best.trial} of study {earlier.spec.study.name}" if best else ""
    return WarmStarted(earlier.spec.study.name, results, origin=origin if wanted.weights else "")


def keep_warm_start(warm: WarmStarted | None, spec: StudySpec, ledger: Ledger) -> WarmStarted | None:
    """Write what the study takes over into its directory, unless an earlier run did so: then that counts.

    Raises:
        SpecError: the model of the earlier study cannot be loaded.
        StudyDirectoryError: it cannot be written.
    """
    recorded = ledger.last(WarmStarted)
    if warm is None or recorded is not None or spec.search.warm_start is None:
        return recorded
    if warm.origin:
        _extract_weights(_earlier(spec.search.warm_start.study), ledger.directory / FILE)
        weights = _read_weights(ledger.directory, warm.origin)
        warm = replace(warm, weights=weights.digest)
    ledger.note(warm)
    return warm


def with_initial_weights(data: Dataset, warm: WarmStarted | None, directory: Path) -> Dataset:
    """The data set with the weights that alike trials begin with, where the study takes some over.

    Raises:
        StudyDirectoryError: their file is missing or damaged.
    """
    if warm is None or warm.weights is None:
        return data
    initial = _read_weights(directory, warm.origin)
    if initial.digest != warm.weights:
        raise StudyDirectoryError(
            f"{directory / FILE} must be the file of the study's first run, but it was changed; bring it "
            "back from a copy, or set another study.name"
        )
    return replace(data, initial=initial)


def _earlier(folder: str) -> Ledger:
    try:
        return Ledger.read(Path(folder))
    except StudyDirectoryError as error:
        raise SpecError(f"{FIELD} must be the folder of a study, but {error}") from None


def _check_objective(earlier: Ledger, objective: Objective) -> None:
    started = earlier.last(StudyStarted)
    if started is None:
        raise SpecError(f"{FIELD} must be a study that has run, but {earlier.directory} has not started yet")
    theirs = earlier.header.metrics or (Objective(started.metric, started.direction),)
    wanted, there = ([f"{o.metric} ({o.direction})" for o in some] for some in (objective.all, theirs))
    if wanted != there:
        raise SpecError(
            f"{FIELD} must be a study of the same objective, {' and '.join(wanted)}, but {earlier.directory} "
            f"has {' and '.join(there)}; set objective, or leave it out"
        )


def _in_space(params: Params, earlier: StudySpec, spec: StudySpec) -> Params | str:
    """A configuration of the earlier study as one of this space, or the name that keeps it from being one.

    What the earlier study did not search it had as a fixed value.
    """
    try:
        model, training = earlier.configured(params)
    except ValueError:
        return KIND
    fixed: dict[str, Any] = {**training.model_dump(mode="json"), **model.model_dump(mode="json")}
    known = {**fixed, **fixed.get("params", {}), **params}
    found: Params = {}
    for name in by_dependence(spec.search.space):
        if is_searched(spec.search.space, name, found):
            if name not in known or not spec.search.space[name].holds(known[name]):
                return name
            found[name] = known[name]
    return found


def _trimmed(result: TrialResult, params: Params, metric: str) -> TrialResult:
    """What a sampler learns of a result."""
    pruned = result.state is TrialState.PRUNED
    history = {metric: result.history.get(metric, [])} if pruned else {}
    return TrialResult(
        result.trial, params, result.state, result.value, history=history, values=result.values
    )


def _say(earlier: Ledger, spec: StudySpec, told: int, misfits: list[str]) -> None:
    """Which trials are told, and what is left out."""
    where = f"{FIELD} {earlier.directory}"
    others = sorted({name for params in earlier.results.values() for name in params.params})
    ignored = [name for name in others if name not in spec.search.space]
    log.info("%s: %d of %d trials are told to the sampler", where, told, len(earlier.results))
    if misfits:
        counts = ", ".join(f"{count} for {name}" for name, count in sorted(Counter(misfits).items()))
        log.warning("%s: %d trials do not lie in this space: %s", where, len(misfits), counts)
    if ignored:
        log.warning("%s: not searched here, so left out: %s", where, ", ".join(ignored))


def _extract_weights(earlier: Ledger, target: Path) -> None:
    best, model = earlier.best, earlier.best_model
    if best is None or model is None:
        raise SpecError(f"{FIELD}.weights needs the best model of {earlier.directory}, but it has none")
    request = WeightsRequest(earlier.spec, best.params, model.absolute(), target.absolute())
    with ForkedCall(MODULE, request.to_json()) as call:
        try:
            answer = json.loads(call.answer())
        except LaunchError as error:
            answer = {"error": str(error)}
    if answer["error"] is not None:
        raise SpecError(f"{FIELD}.weights needs a model that can be loaded, but {model}: {answer['error']}")


def _read_weights(directory: Path, origin: str) -> InitialWeights:
    try:
        return InitialWeights.read(directory / FILE, origin)
    except (OSError, ValueError, KeyError) as error:
        raise StudyDirectoryError(
            f"{directory / FILE} must hold the weights that trials begin with, but cannot be read: {error}"
        ) from None
