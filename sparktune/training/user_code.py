"""Which code of the user's own the trials of a study run."""

from collections.abc import Iterator

from sparktune.spec import Choice, StudySpec
from sparktune.spec.model import ModelSection
from sparktune.spec.training import CustomCallback
from sparktune.training.kinds.base import kind_of
from sparktune.training.objective import is_own
from sparktune.training.references import function_from_source, import_reference


def own_code(spec: StudySpec) -> dict[str, str]:
    """The user's code that trials of a study run: its `package.module:name`, by the field that names it."""
    callbacks = {
        f"training.callbacks[{index}].callback": callback.callback
        for index, callback in enumerate(spec.training.callbacks)
        if isinstance(callback, CustomCallback)
    }
    functions = {field: goal for field, goal in goals_of(spec) if is_own(goal)}
    builders = {field: code for model in spec.models for field, code in kind_of(model).own_code.items()}
    return {**builders, **callbacks, **functions}


def goals_of(spec: StudySpec) -> Iterator[tuple[str, str]]:
    """The losses and metrics that trials may have, each with the field that names it."""
    training, searched = spec.training, spec.search.space.get("loss")
    if isinstance(searched, Choice):
        yield from (
            (f"search.space.loss[{index}]", loss) for index, loss in enumerate(searched.values) if loss
        )
    elif training.loss is not None:
        yield "training.loss", training.loss
    for field in ("metrics", "weighted_metrics"):
        for index, metric in enumerate(getattr(training, field) or ()):
            yield f"training.{field}[{index}]", metric


def has_own_code(spec: StudySpec) -> bool:
    """Whether a trial runs code of the user."""
    return bool(own_code(spec))


def own_source(spec: StudySpec) -> str | None:
    """Python source that a builder of a notebook or script is made from; None where there is none."""
    sources = (kind_of(model).own_source for model in spec.models)
    return next((source for source in sources if source is not None), None)


def import_own_code(section: ModelSection) -> None:
    """Make the user's code that builds models of a section known here, with the layers that it registers.

    Raises:
        ModelError: it does not import.
    """
    kind = kind_of(section)
    for field, reference in kind.own_code.items():
        if kind.own_source is None:
            import_reference(reference, field)
        else:
            function_from_source(kind.own_source, reference, field)
