"""Which code of the user's own the trials of a study run."""

from sparktune.spec import StudySpec
from sparktune.spec.model import ModelSection
from sparktune.spec.training import CustomCallback
from sparktune.training.kinds.base import kind_of
from sparktune.training.references import function_from_source, import_reference


def own_code(spec: StudySpec) -> dict[str, str]:
    """The user's code that trials of a study run: its `package.module:name`, by the field that names it."""
    callbacks = {
        f"training.callbacks[{index}].callback": callback.callback
        for index, callback in enumerate(spec.training.callbacks)
        if isinstance(callback, CustomCallback)
    }
    builders = {field: code for model in spec.models for field, code in kind_of(model).own_code.items()}
    return {**builders, **callbacks}


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
