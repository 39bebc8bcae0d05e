"""The kinds of models that a study trains: the one that it names, or those that its space lists as `kind`."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sparktune.spec.base import Fault, Section
from sparktune.spec.domain import Choice, Domain, unpacked
from sparktune.spec.extensions import KINDS
from sparktune.spec.messages import faults, one_of
from sparktune.spec.model import ModelSection
from sparktune.spec.search import SearchSpec
from sparktune.spec.training import TrainingSpec

KIND = "kind"


def searched_kinds(model: ModelSection, space: Mapping[str, Domain]) -> tuple[str, ...]:
    """The kinds that the space lists; none where it does not, or means a builder's own parameter.

    Raises:
        Fault: what it lists are no kinds, or the section `model` is of another kind.
    """
    domain = space.get(KIND)
    if domain is None or (model.takes_any_name and not domain.holds(model.kind)):
        return ()
    if not isinstance(domain, Choice):
        raise Fault("must list kinds of models; write [mlp, cnn]", "search", "space", KIND)
    for index, kind in enumerate(domain.values):
        if kind not in KINDS:
            raise Fault(one_of(KINDS.names, kind), "search", "space", KIND, index, value=kind)
    if model.kind not in domain.values:
        rule = f"must be one of those that search.space.kind lists ({', '.join(domain.values)}); leave it out"
        raise Fault(rule, "model", KIND, value=model.kind)
    return tuple(domain.values)


def models_of(model: ModelSection, space: Mapping[str, Domain]) -> tuple[ModelSection, ...]:
    """The section of each kind that is searched; the section alone where none is.

    Raises:
        Fault: as `model_of_kind`.
    """
    return tuple(model_of_kind(model, kind) for kind in searched_kinds(model, space)) or (model,)


def model_of_kind(model: ModelSection, kind: str) -> ModelSection:
    """The section for another kind: fields that are not their default hold for it too, if it has them.

    Raises:
        Fault: that kind does not take such a field, or needs more than there is.
    """
    if kind == model.kind:
        return model
    section = KINDS.load(kind)
    given = model.model_dump(exclude_defaults=True)
    shared = {name: value for name, value in given.items() if name != KIND and name in section.model_fields}
    try:
        return section(**shared)  # type: ignore[no-any-return]
    except ValidationError as error:
        fault = faults(error, section, shared)[0]
        rule = f"{fault.rule} (kind {kind}, which is searched)"
        raise Fault(rule, "model", *fault.path, value=fault.value) from None


def in_force_at(space: Mapping[str, Domain], kind: str) -> list[str]:
    """The names that a trial of this kind may have, as far as their own conditions on the kind say."""
    return [name for name, domain in space.items() if kind in _wanted(domain, kind)]


def _wanted(domain: Domain, kind: str) -> Sequence[Any]:
    wanted = domain.when.get(KIND, kind)
    return wanted if isinstance(wanted, list) else [wanted]


def with_kinds(document: Mapping[str, Any]) -> dict[str, Any]:
    """A study's sections where the kind of model is searched: the space says which kinds each name is for.

    A name that only some kinds have gets them as its condition, unless it has one on the kind; a name that
    none has is a builder's. A section `model` that names no kind is one of the first kind that has its
    fields. Whatever is no such study stays as it is.
    """
    search, model = document.get("search"), document.get("model") or {}
    if isinstance(search, SearchSpec):
        search = search.model_dump(exclude_unset=True)
    space = search.get("space") if isinstance(search, dict) else None
    kinds = _listed(space.get(KIND)) if isinstance(space, dict) else []
    if not isinstance(search, dict) or not isinstance(space, dict) or not kinds:
        return dict(document)
    if isinstance(model, dict) and KIND not in model and "builder" not in model:
        having = (kind for kind in kinds if model.keys() <= KINDS.load(kind).model_fields.keys())
        model = {KIND: next(having, kinds[0]), **model}
    if (model.get(KIND, "builder") if isinstance(model, dict) else model.kind) not in kinds:
        return dict(document)  # refused later, or a builder's own parameter
    conditioned = {name: _for_kinds(name, domain, kinds) for name, domain in space.items()}
    return {**document, "model": model, "search": {**search, "space": conditioned}}


def _listed(domain: Any) -> list[str]:
    """The kinds that a domain lists; none where it lists anything else."""
    if isinstance(domain, dict):
        domain = domain.get("values")
    values = domain.values if isinstance(domain, Choice) else unpacked(domain)
    values = values if isinstance(values, (list, tuple)) else ()
    known = all(value in KINDS for value in values)
    return list(values) if known else []


def _for_kinds(name: Any, domain: Any, kinds: list[str]) -> Any:
    """The domain, with the kinds that have this name as its condition; as it is where all do."""
    if name == KIND or name in TrainingSpec.model_fields:
        return domain
    sections: dict[str, type[ModelSection]] = {kind: KINDS.load(kind) for kind in kinds}
    having = [kind for kind in kinds if name in sections[kind].searchable()]
    having = having or [kind for kind in kinds if sections[kind].takes_any_name]
    if len(having) in (0, len(kinds)):
        return domain
    if isinstance(domain, Section):
        domain = domain.model_dump(exclude_unset=True)
    domain = unpacked(domain)
    if isinstance(domain, (list, tuple)):
        domain = {"values": domain}
    when = domain.get("when", {}) if isinstance(domain, dict) else None
    if not isinstance(when, dict) or KIND in when:
        return domain
    return {**domain, "when": {KIND: having[0] if len(having) == 1 else having, **when}}
