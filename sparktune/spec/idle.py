"""Fields that a study sets though they change nothing."""

import math
from collections.abc import Iterator

from sparktune.spec.kinds import in_force_at
from sparktune.spec.study import StudySpec, has_momentum


def idle_fields(spec: StudySpec) -> list[str]:
    """One sentence for each field that was given and has no effect, with the reason."""
    space, trials, given = spec.search.space, spec.search.trials, spec.model.model_fields_set
    idle: list[tuple[str, str]] = []
    counts = [domain.points for domain in space.values()]
    points = math.prod(count for count in counts if count is not None)
    conditional = any(domain.when for domain in space.values())
    if None not in counts and not conditional and trials is not None and trials > points:
        size = f"has {points} configuration{'s' * (points > 1)}" if space else "is empty: there is one trial"
        idle.append((f"search.trials {trials}", f"the space {size}"))
    names = in_force_at(space, spec.model.kind)
    idle += [(f"model.{name}", why) for name, why in spec.model.idle(names).items() if name in given]
    idle += _training(spec)
    return [f"{field} has no effect: {why}" for field, why in idle]


def _training(spec: StudySpec) -> Iterator[tuple[str, str]]:
    """Fields of the section `training`, each with the reason."""
    training, space = spec.training, spec.search.space
    if "momentum" in training.model_fields_set and not has_momentum(spec):
        yield "training.momentum", f"optimizer {training.optimizer} has none; use momentum or nesterov"
    if "epochs" in space:
        return
    epochs, stopping = spec.epochs, training.early_stopping
    if "epochs" in training.model_fields_set and epochs != training.epochs:
        yield f"training.epochs {training.epochs}", f"search.max_epochs {epochs} takes its place"
    if stopping is not None and stopping.patience >= epochs and not stopping.restore_best:
        yield "training.early_stopping", f"its patience {stopping.patience} outlasts {epochs} epochs"
    for index, callback in enumerate(training.callbacks):
        if callback.kind == "reduce_on_plateau" and callback.patience >= epochs:
            why = f"its patience {callback.patience} outlasts {epochs} epochs"
            yield f"training.callbacks[{index}]", why
