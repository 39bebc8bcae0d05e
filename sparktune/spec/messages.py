"""Turns pydantic's errors into lines that name the field, the rule, the value and the way out."""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from sparktune.spec.base import NOTHING, Fault, Section

Path = tuple[str | int, ...]
SECTION = "must be a section of names and values"
RULES = {
    "greater_than_equal": "must be >= {ge:g}",
    "greater_than": "must be > {gt:g}",
    "less_than_equal": "must be <= {le:,}",
    "less_than": "must be < {lt:g}",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_unicode": "must be valid Unicode text",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "too_long": "must hold at most {max_length:,} values; remove some",
    "too_short": "must hold at least {min_length} value; add one",
    "tuple_type": "must be a list",
    "dict_type": SECTION,
    "model_type": SECTION,
    "model_attributes_type": SECTION,
}
WAYS_OUT = {"string_type": "; put it in quotes", "tuple_type": "; write [{}]"}
MAX_SHOWN = 100
MAX_NAMES = 12
SHORTENED = 3  # letters from which on the beginning of a name is taken for it


def explained(error: ValidationError, root: type[BaseModel], document: Any) -> str:
    """One line for each broken rule."""
    return "\n".join(line(fault) for fault in faults(error, root, document))


def faults(error: ValidationError, root: type[BaseModel], document: Any) -> list[Fault]:
    """The broken rules, one for each field; `document` was validated as a `root`.

    A field of several types breaks a rule of each: they become one fault, the deepest where depths differ.
    """
    found: dict[Path, list[Fault]] = {}
    for entry in error.errors():
        fault = _fault_of_entry(entry, root, document)
        found.setdefault(fault.path, []).append(fault)
    deepest = [path for path in found if not any(path == other[: len(path)] != other for other in found)]
    return [_joined(found[path]) for path in deepest]


def unknown_name(name: Any, known: Iterable[str]) -> str:
    """The message for a name that is none of `known`, with the nearest of them."""
    return f"unknown name {name!r}; {way_out(name, known)}"


def way_out(name: Any, known: Iterable[str]) -> str:
    """What to write instead of a name that is none of `known`."""
    known = sorted(known)
    return _nearest(name, known) or f"known names: {', '.join(known)}"


def _nearest(name: Any, known: Iterable[str]) -> str:
    known, name = list(known), str(name)
    longer = [whole for whole in known if len(name) >= SHORTENED and whole.startswith(name)]
    near = longer or difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def line(fault: Fault) -> str:
    """A broken rule as one line: the field, the rule, the value, the way out, and the field's full path."""
    rule, _, hint = fault.rule.partition("; ")
    leaf = next((part for part in reversed(fault.path) if isinstance(part, str)), "the spec")
    value = "" if fault.value is NOTHING else f", but got {_shown(fault.value)}"
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault.path)
    field = _short_name("".join(parts).lstrip("."))
    return f"{_short_name(leaf)} {rule}{value}{hint and '; ' + hint}{field and f' ({field})'}"


def _short_name(name: str) -> str:
    """A name as it is, on one line and cut where it is long."""
    printable = name if name.isprintable() else repr(name)[1:-1]
    return printable if len(printable) <= MAX_SHOWN else printable[: MAX_SHOWN - 3] + "..."


def _shown(value: Any) -> str:
    """The value, cut where it is long, without the credentials that a URI may hold."""
    try:
        text = re.sub(r"//[^/\s]*@", "//***@", repr(value))
    except ValueError:  # Python writes out no whole number of more than 4,300 digits
        return f"a value of type {type(value).__name__} that cannot be written out"
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def _fault_of_entry(entry: Any, root: type[BaseModel], document: Any) -> Fault:
    """One of pydantic's errors as a fault."""
    kind, loc, value, context = entry["type"], entry["loc"], entry["input"], entry.get("ctx", {})
    path = _path(loc, document)
    if raised := context.get("error"):
        below, value = getattr(raised, "path", ()), getattr(raised, "value", NOTHING)
        return Fault(str(raised), *path, *below, value=value)
    if kind in ("extra_forbidden", "invalid_key"):
        return Fault(_unknown(loc, root), *_path(loc[:-1], document), str(loc[-1]))
    if kind in ("missing", "union_tag_not_found"):
        name = loc[-1] if kind == "missing" else context["discriminator"].strip("'")
        return Fault("is required, but got nothing; add it", *path, name)
    if kind == "union_tag_invalid":
        rule = one_of(_quoted(context["expected_tags"]), context["tag"])
        return Fault(rule, *path, context["discriminator"].strip("'"), value=context["tag"])
    if loc and loc[-1] == "[key]":
        return Fault("must have text as names; put it in quotes", *path[:-1], value=value)
    hint = f"; its names are {_listed(_field_names(root, loc))}" if kind.startswith("model_") else ""
    return Fault(_rule(entry) + hint, *path, value=value)


def _listed(names: Iterable[str]) -> str:
    names = sorted(names)
    return ", ".join([*names[:MAX_NAMES], *(["..."] if len(names) > MAX_NAMES else [])])


def _rule(entry: Any) -> str:
    """The rule that pydantic's error names, in the words of `RULES`."""
    kind, context, value = entry["type"], entry.get("ctx", {}), entry["input"]
    if kind == "literal_error":
        return one_of(_quoted(context["expected"]), value)
    if kind == "too_long" and isinstance(value, str):
        kind = "string_too_long"
    if kind not in RULES:
        return str(entry["msg"]).replace("Input should", "must")
    scalar = isinstance(value, (bool, int, float, str))
    return RULES[kind].format(**context) + (WAYS_OUT.get(kind, "").format(value) if scalar else "")


def one_of(known: Iterable[str], value: Any) -> str:
    """The rule for a word that must be one of `known`, with the nearest of them."""
    known = list(known)
    near = _nearest(value, known)
    return f"must be one of {', '.join(known)}{near and '; ' + near}"


def _quoted(expected: str) -> list[str]:
    """The words that pydantic lists in quotes."""
    return re.findall(r"'([^']*)'", expected)


def _joined(several: list[Fault]) -> Fault:
    """The rules of a field that may have several types, as one fault: must be a number or one of ..."""
    rules = dict.fromkeys(fault.rule for fault in several)
    if len(rules) > 1:  # a number that breaks the rule for numbers is no better in a list
        rules = dict.fromkeys(rule.partition("; write [")[0] for rule in rules)
    if "must be a number" in rules:
        rules.pop("must be a whole number", None)
    first, *others = (rule.partition("; ")[0] for rule in rules)
    hint = next((rule.partition("; ")[2] for rule in rules if "; " in rule), "")
    rule = " or ".join([first, *(other.removeprefix("must be ") for other in others)])
    return Fault(f"{rule}; {hint}" if hint else rule, *several[0].path, value=several[0].value)


def _path(loc: Path, document: Any) -> Path:
    """`loc` without the names of types that pydantic puts between the document's own."""
    path: list[str | int] = []
    tagged = False
    for part in loc:
        section = document if isinstance(document, dict) else {}
        keys = range(len(document)) if isinstance(document, (list, tuple)) else section
        if not tagged and section.get("kind") == part:
            tagged = True
        elif part in keys:
            document, tagged = document[part], False
            path.append(part)
    return tuple(path)


def _unknown(loc: Path, root: type[BaseModel]) -> str:
    """The rule for an unknown key: the nearest name of its section, or the section that has it."""
    *place, name = loc
    known = _field_names(root, tuple(place))
    if not _nearest(name, known):
        homes = [section for section in root.model_fields if name in _field_names(root, (section,))]
        if homes and homes[0] not in place:
            return f"is unknown; did you mean {homes[0]}.{name}?"
    return f"is unknown; {way_out(name, known)}"


def _field_names(root: type[BaseModel], loc: Path) -> set[str]:
    """Names of the fields that the section at `loc` may have, of every type that it can have."""
    kinds = [root]
    for part in loc:
        tagged = [kind for kind in kinds if part in _tags(kind)] if len(kinds) > 1 else []
        fields = [kind.model_fields[part] for kind in kinds if part in kind.model_fields]
        if not tagged and fields:
            tagged = [kind for field in fields for kind in _sections(field.annotation)]
        kinds = tagged or kinds
    return {name for kind in kinds for name in kind.model_fields}


def _tags(kind: type[BaseModel]) -> tuple[Any, ...]:
    """What pydantic calls a member of a union: its `kind`, or the name of its class."""
    field = kind.model_fields.get("kind")
    return (kind.__name__.lower(), field.default if field else None)


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """The section types inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from annotation.variants() if issubclass(annotation, Section) else (annotation,)
    for member in getattr(annotation, "__args__", ()):
        yield from _sections(member)
