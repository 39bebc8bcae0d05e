"""The study file: YAML in, a StudySpec or one readable error out."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, final

import yaml

from sparktune.errors import SpecError
from sparktune.spec.extensions import ANY_SAMPLER
from sparktune.spec.size import MAX_DEPTH, check_size
from sparktune.spec.study import StudySpec

MAX_FILE = 1_000_000  # characters
BOOL, TEXT = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:str"


@final
class _Loader(yaml.SafeLoader):
    """Safe YAML: 1e-3 is a number, a date is text, so is yes as a key, and a key may be used only once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                line = key.start_mark.line + 1
                raise SpecError(f"key {name!r} must stand once, but stands again in line {line}; remove one")
            seen.add(name)
            if key.tag == BOOL and name.lower() not in ("true", "false"):
                key.tag = TEXT  # yes, no, on, off: the labels of class_weight, say
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def load_spec(path: str | Path, overrides: Iterable[str] = (), any_sampler: bool = False) -> StudySpec:
    """The spec in a YAML file, after `section.key=value` overrides; `any_sampler` as in `parse_spec`.

    Raises:
        SpecError: the file cannot be read or breaks a rule.
    """
    return parse_spec(merged(read_document(path), overrides), any_sampler)


def read_document(path: str | Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        SpecError: the file cannot be read or holds no mapping.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        raise SpecError(
            f"cannot read the study file {str(path)!r}: {error}; `sparktune init` writes an example"
        ) from None
    document = _yaml(text, str(path))
    if not isinstance(document, dict):
        raise SpecError(
            f"the study file {str(path)!r} must hold sections, but got {document!r:.80}; "
            "`sparktune init` writes an example"
        )
    return document


def merged(document: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """A copy of the document after overrides such as `search.trials=20`; values are YAML.

    Raises:
        SpecError: an override does not look like one, or leads through what is no section.
    """
    for override in overrides:
        key, equals, value = override.partition("=")
        names = key.strip().split(".")
        if not equals or not all(names):
            raise SpecError(f"an override must look like section.key=value, but got {override!r:.80}")
        document = _with(document, names, _yaml(value, f"the override {override!r:.80}"), key)
    return document


def parse_spec(document: dict[str, Any] | StudySpec, any_sampler: bool = False) -> StudySpec:
    """A StudySpec from a mapping of sections.

    Args:
        document: the sections.
        any_sampler: the sampler that it names is not looked at and need not be installed here: another one is
            given, or the spec was checked before.

    Raises:
        SpecError: names every field that breaks a rule, the rule, the value and the way out.
    """
    return StudySpec.model_validate(document, context=ANY_SAMPLER if any_sampler else None)


def json_schema() -> str:
    """The JSON Schema of the study file."""
    return json.dumps(StudySpec.model_json_schema(), indent=2)


def _with(section: Any, names: list[str], value: Any, key: str) -> dict[str, Any]:
    if section is not None and not isinstance(section, dict):
        raise SpecError(f"{key} cannot be set: {names[0]} would lie in {section!r:.80}, which is no section")
    section, (name, *rest) = section or {}, names
    return {**section, name: _with(section.get(name), rest, value, key) if rest else value}


def _yaml(text: str, where: str) -> Any:
    """The value in YAML text. PyYAML lets errors of its constructors through for values such as `!!int x`."""
    if len(text) > MAX_FILE:
        raise SpecError(f"{where} must have at most {MAX_FILE:,} characters, but has more; remove some")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        check_size(node, where, _inside)
        return None if node is None else loader.construct_document(node)
    except RecursionError:
        raise SpecError(f"{where} must not be nested deeper than {MAX_DEPTH} levels, but is") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise SpecError(f"{where} is not valid YAML: {' '.join(str(error).split())}") from None


def _inside(node: Any) -> Any:
    """The nodes inside a YAML node; the text of a scalar."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    if isinstance(node, yaml.SequenceNode):
        return node.value
    return [node.value] if isinstance(node, yaml.ScalarNode) else ()
