"""How much each parameter matters: PED-ANOVA, by Optuna where that is installed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from sparktune.report.record import StudyRecord
from sparktune.report.series import axis_of, parameters

if TYPE_CHECKING:
    import optuna

FEWEST = 8  # trials below which shares mean nothing
GOOD_TRIALS, QUANTILE, MOST_QUANTILE = 5, 0.1, 0.5


@final
@dataclass(frozen=True)
class Importance:
    """A parameter's share, from 0 to 1, of what sets the best trials apart; all shares together give 1."""

    name: str
    share: float


def importances(study: StudyRecord) -> tuple[Importance, ...] | None:
    """The parameters that differ between trials, the most important one first.

    Compared are the best tenth of the trials, or the best five where those are more, and all of them. None
    with fewer than eight complete trials, without differing parameters, or where Optuna is not installed.
    """
    names = comparable(study)
    if not names:
        return None
    try:
        import optuna
    except ImportError:
        return None
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        quantile = min(max(QUANTILE, GOOD_TRIALS / len(study.valued)), MOST_QUANTILE)
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=quantile)
        found = evaluator.evaluate(_as_optuna(study, names))
    finally:
        optuna.logging.set_verbosity(verbosity)
    whole = sum(found.values()) or 1.0
    shares = [Importance(name, value / whole) for name, value in found.items()]
    return tuple(sorted(shares, key=lambda importance: -importance.share))


def comparable(study: StudyRecord) -> list[str]:
    """The parameters whose importance the study can give; none with fewer than eight complete trials."""
    if len(study.valued) < FEWEST:
        return []
    return [name for name in parameters(study) if all(name in trial.params for trial in study.valued)]


def _as_optuna(study: StudyRecord, names: list[str]) -> "optuna.Study":
    """The complete trials as a study of Optuna in memory: words are categories, all else are numbers."""
    import optuna

    axes = [axis_of(study, name) for name in names]
    words = {axis.name for axis in axes if axis.kind == "category"}
    distributions: dict[str, Any] = {
        axis.name: optuna.distributions.CategoricalDistribution(axis.values)
        if axis.name in words
        else optuna.distributions.FloatDistribution(axis.low, axis.high, log=axis.kind == "log")
        for axis in axes
    }
    direction: Any = study.objective.direction
    copied = optuna.create_study(direction=direction)
    for trial in study.valued:
        params = {n: str(trial.params[n]) if n in words else float(trial.params[n]) for n in names}
        copied.add_trial(
            optuna.trial.create_trial(params=params, distributions=distributions, value=trial.value)
        )
    return copied
