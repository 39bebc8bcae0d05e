"""The study file: YAML in, a StudySpec or one readable error out."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from sparktune.errors import SpecError
from sparktune.spec.study import StudySpec, unknown_name

TAGS = {"choice", "range", "mlp", "cnn", "rnn", "linear", "builder", "int", "float", "str", "bool"}


class _Loader(yaml.SafeLoader):
    """Safe YAML in which 1e-3 is a number and a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise SpecError(f"key {key.value!r} stands twice (line {key.start_mark.line + 1}); remove one")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def load_spec(path: str | Path, overrides: Iterable[str] = ()) -> StudySpec:
    """The spec in a YAML file, after `section.key=value` overrides.

    Raises:
        SpecError: the file cannot be read or breaks a rule.
    """
    return parse_spec(merged(read_document(path), overrides))


def read_document(path: str | Path) -> dict[str, Any]:
    """The mapping in a YAML file."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read the study file {str(path)!r}: {error}; `sparktune init` writes one") from None
    document = _yaml(text, str(path))
    if not isinstance(document, dict):
        raise SpecError(f"the study file {str(path)!r} must hold sections, but got {document!r}; see `sparktune init`")
    return document


def merged(document: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """The document after overrides such as `search.trials=20`; values are YAML."""
    document = json.loads(json.dumps(document))
    for override in overrides:
        key, equals, value = override.partition("=")
        if not (equals and key):
            raise SpecError(f"an override must look like section.key=value, but got {override!r}")
        *sections, last = key.strip().split(".")
        place = document
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise SpecError(f"{key} cannot be set: {section} holds {place!r}, not a section")
        place[last] = _yaml(value, override)
    return document


def parse_spec(document: dict[str, Any] | StudySpec) -> StudySpec:
    """A StudySpec from a mapping of sections.

    Raises:
        SpecError: names every field that breaks a rule, the rule, the value and the way out.
    """
    if isinstance(document, StudySpec):
        return document
    try:
        return StudySpec.model_validate(document)
    except ValidationError as error:
        raise SpecError("\n".join(_line(e) for e in error.errors())) from None


def json_schema() -> str:
    """The JSON Schema of the study file."""
    return json.dumps(StudySpec.model_json_schema(), indent=2)


def _yaml(text: str, where: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise SpecError(f"{where} is not valid YAML: {error}") from None


def _line(error: Any) -> str:
    """One readable line for one broken rule."""
    path = [part for part in error["loc"] if part not in TAGS]
    field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    if error["type"] == "extra_forbidden":
        return f"{field}: {unknown_name(str(path[-1]), _names(path[:-1]))}"
    if error["type"] == "missing":
        return f"{field}: is required, but got nothing; add it"
    rule = error["msg"].removeprefix("Value error, ").replace("Input should", "must", 1)
    got = "" if "but got" in rule or error["type"] == "value_error" else f", but got {error['input']!r}"
    return f"{field}: {rule}{got}" if field else f"{rule}{got}"


def _names(path: list[Any]) -> list[str]:
    """Known keys of the section at `path`."""
    models: list[Any] = [StudySpec]
    for part in path:
        models = [m for model in models for m in _members(model.model_fields.get(part))] or models
    return sorted({name for model in models for name in model.model_fields})


def _members(field: Any) -> list[type[BaseModel]]:
    """Section types that a field's annotation mentions."""
    found: list[type[BaseModel]] = []
    todo = [getattr(field, "annotation", None)]
    while todo:
        kind = todo.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found.append(kind)
        todo += getattr(kind, "__args__", ())
    return found
