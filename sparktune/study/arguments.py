"""What is given to `tune`: a spec in one of its forms, and objects in place of what the spec names."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sparktune.errors import InputError
from sparktune.launch import Launcher
from sparktune.search import Pruner, Sampler
from sparktune.spec import StudySpec, load_spec, parse_spec
from sparktune.spec.document import read_document
from sparktune.spec.idle import idle_fields
from sparktune.spec.search import WHY_NO_PRUNER
from sparktune.tracking import Tracker

log = logging.getLogger("sparktune")


def read_study_spec(
    given: StudySpec | dict[str, Any] | str | Path,
    builder: Callable[..., Any] | str | None = None,
    any_sampler: bool = False,
) -> StudySpec:
    """The spec, checked; a warning says what in it has no effect.

    Args:
        given: the spec, a mapping of its sections, or the path of a YAML file.
        builder: in place of that of the model.
        any_sampler: the sampler that the spec names is not used.

    Raises:
        SpecError: the spec cannot be read, or is wrong.
        InputError: the spec has no mapping as its model, where a builder is given.
    """
    if builder is not None:
        given = _with_builder(given, builder)
    if isinstance(given, (str, Path)):
        spec = load_spec(given, any_sampler=any_sampler)
    else:
        spec = parse_spec(given, any_sampler)
    for sentence in idle_fields(spec):
        log.warning(sentence)
    return spec


def _with_builder(
    given: StudySpec | dict[str, Any] | str | Path, builder: Callable[..., Any] | str
) -> dict[str, Any]:
    """The sections of a study with this builder as its model's."""
    if isinstance(given, StudySpec):
        document = given.model_dump(mode="json")
    else:
        document = read_document(given) if isinstance(given, (str, Path)) else given
    model = document.get("model") or {}
    if not isinstance(model, dict):
        raise InputError(f"model must be a mapping where builder is given, but got {model!r}")
    others = {name: value for name, value in model.items() if name != "source"}
    return {**document, "model": {"kind": "builder", **others, "builder": builder}}


def check_prunable(spec: StudySpec) -> None:
    """Refuse what the spec itself refuses beside `search.pruner`, where a pruner object is given.

    Raises:
        InputError: epochs are searched, or there are several objectives.
    """
    if "epochs" in spec.search.space:
        raise InputError("search.space.epochs must not be searched beside a pruner; set search.max_epochs")
    if spec.objective.metrics:
        raise InputError(f"pruner must not be given beside several objectives; {WHY_NO_PRUNER}")


def check_objects(sampler: Any, pruner: Any, launcher: Any, tracker: Any) -> None:
    """Refuse what is neither None nor an object of the public class.

    Raises:
        InputError: names it.
    """
    for name, given, kind in (
        ("sampler", sampler, Sampler),
        ("pruner", pruner, Pruner),
        ("launcher", launcher, Launcher),
        ("tracker", tracker, Tracker),
    ):
        if given is not None and not isinstance(given, kind):
            raise InputError(f"{name} must be an object of a sparktune.{kind.__name__}, but got {given!r}")
