"""Writes docs/spec.md and docs/cli.md from the models and the command: `make docs`.

`spec_page` and `cli_page` give the pages' text, so that a test can say whether the files are up to date.
"""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import typer
from typer.cli import get_docs_for_click

from sparktune.cli.app import app
from sparktune.spec import StudySpec, TrainingSpec
from sparktune.spec.model import ModelSection

DOCS = Path(__file__).parent
NOTE = "<!-- Made by docs/generate.py: change the code, then run `make docs`. -->"
SPEC_INTRODUCTION = """\
# The study file

Every section and field of `study.yaml`. All sections may be left out, and so may every field that is not
required. `sparktune init` prints a commented example, `sparktune check --config study.yaml` says what is
wrong with yours, and `sparktune schema` prints the same as JSON Schema, for editors.
"""
CLI_INTRODUCTION = """\
# The command

`sparktune --install-completion` makes your shell complete commands and options. Every command that is for
scripts takes `--json`: standard output then has exactly one JSON document, everything else goes to standard
error. Where a command fails the document is `{"error": {"type": ..., "message": ..., "exit_code": ...}}`.

| Exit code | Meaning |
|---|---|
| 0 | done |
| 1 | the study failed, or another error while it ran |
| 2 | bad input; nothing was started |
| 130 | interrupted; the same command again resumes |

| Command | What its JSON document holds |
|---|---|
"""
JSON_DOCUMENTS = {
    "tune": "all of `summary.json`, and `directory`",
    "check": "`study`, `directory`, `trials`, `done`, `launcher`, `slots`, `objective`, `rows` (by split), "
    "`bytes`, `features`, `columns` (as the table has them), `label`, `task`, `classes`",
    "doctor": "`healthy`, `findings` (each `check`, `level`: ok, warning or error, `text`)",
    "score": "`rows`, `model`, `output`",
    "predict": "`model`, `predictions` (for each row `prediction`, and `probability` but for regression)",
    "evaluate": "`model`, `data`, `rows`, `metrics` (by name)",
    "sql": "`model`, `name`, `created`, `statement`",
    "status": "`study`, `study_id`, `directory`, `status`, `trials` (`total`, `done`, `running`, `states`), "
    "`objective`, `best`, `seconds`, `seconds_left` (and `pareto` with several objectives)",
    "show": "`trial`, `state`, `params`, `value`, `epoch`, `history` (by metric), `seconds`, `timings`, "
    "`attempts`, `host`, `notes`, `error` (and `values`, `pareto` with several "
    "objectives)",
    "best": "`trial`, `params`, `value`, `epoch`, `test`, `bundle`, `engine`, `baseline` (and "
    "`pareto` with several objectives)",
    "export": "`trial`, `bundle`, its folder",
    "report": "`report`, the file",
    "sync": "`experiment_id`, `run_id`, `model_uri` (where a model was exported)",
    "clean": "`orphans` (`what`, `path`, `bytes`, `removed`), `bytes`",
    "init": "the example's sections; `output` where a file is written",
    "pack": "`output`, `bytes`, `unpacked`, `files`",
}
WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true, false"}
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
LARGEST = 2**53  # what every whole number is bounded by
Schema = dict[str, Any]


def spec_page() -> str:
    """The reference of the study file: field, type, default, meaning."""
    schema = StudySpec.model_json_schema()
    definitions = schema["$defs"]
    searchable = {"TrainingSpec": TrainingSpec.searchable()}
    searchable |= {kind.__name__: kind.searchable() for kind in ModelSection.variants()}
    parts = [NOTE, SPEC_INTRODUCTION]
    written: set[str] = set()
    for name, section in schema["properties"].items():
        parts.append(f"## `{name}`\n")
        for reference in _references(section):
            parts += _described(reference, definitions, searchable, written)
    return "\n".join(parts).rstrip() + "\n"


def cli_page() -> str:
    """The reference of the command, as typer writes it."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="sparktune", help_option_names=["--help", "-h"])
    page = get_docs_for_click(obj=command, ctx=context, name="sparktune").partition("\n")[2]
    page = re.sub(r"^Examples?:  (.*)$", _example, page, flags=re.MULTILINE)
    for entry in app.registered_commands:
        summary = (inspect.getdoc(entry.callback) or "").partition("\n")[0]
        link = f"* [`{entry.name}`](#sparktune-{entry.name}): {summary}"
        page = re.sub(
            rf"^\* `{entry.name}`: .*$", lambda _, link=link: link, page, count=1, flags=re.MULTILINE
        )
    documents = "\n".join(f"| `{command}` | {fields} |" for command, fields in JSON_DOCUMENTS.items())
    return f"{NOTE}\n{CLI_INTRODUCTION}{documents}\n\n{page.strip()}\n"


def _example(found: re.Match[str]) -> str:
    """The commands of an epilog as a block."""
    commands = [" ".join(command.split()) for command in found[1].split("   |   ")]
    return "\n".join(["**Example**:\n", "```console", *(f"$ {command}" for command in commands), "```"])


def _described(
    name: str, definitions: Schema, searchable: dict[str, list[str]], written: set[str]
) -> list[str]:
    """The table of a section and of those inside it, each once."""
    if name in written:
        return []
    written.add(name)
    section = definitions[name]
    rows = [
        _row(field, rules, field in section.get("required", ()))
        for field, rules in section["properties"].items()
    ]
    parts = [f'<a id="{name.lower()}"></a>', f"### {_title(name, section)}\n", section["description"] + "\n"]
    parts += ["| Field | Type | Default | Meaning |", "|---|---|---|---|", *rows, ""]
    if names := searchable.get(name):
        parts.append("Can be searched: " + ", ".join(f"`{field}`" for field in names) + ".\n")
    for inner in _references(section["properties"]):
        parts += _described(inner, definitions, searchable, written)
    return parts


def _title(name: str, section: Schema) -> str:
    """What a section is called: its kind where it is one of several, else the name of its class in words."""
    kind = section["properties"].get("kind", {}).get("const")
    return f"kind `{kind}`" if kind else _in_words(name)


def _row(field: str, rules: Schema, required: bool) -> str:
    default = "required" if required else _default(rules)
    meaning = rules.get("description", "which one this is" if field == "kind" else "")
    return f"| `{field}` | {_type(rules)} | {default} | {meaning.replace('|', chr(92) + '|')} |"


def _default(rules: Schema) -> str:
    """A default as it would stand in the file, without what is unset in it; empty where nothing is set."""
    value = rules.get("default")
    if isinstance(value, dict):
        value = {name: inner for name, inner in value.items() if inner not in (None, {}, [])}
    return "" if value in (None, {}, []) else f"`{json.dumps(value)}`".replace('`"', "`").replace('"`', "`")


def _type(rules: Schema) -> str:
    """The type of a field in words, with its range."""
    if "$ref" in rules:
        name = rules["$ref"].rpartition("/")[2]
        return f"[{_in_words(name)}](#{name.lower()})"
    if "const" in rules:
        return f"`{rules['const']}`"
    if "enum" in rules:
        return ", ".join(f"`{value}`" for value in rules["enum"])
    for several in ("anyOf", "oneOf"):
        if several in rules:
            kinds = [_type(kind) for kind in rules[several] if kind.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if rules.get("type") == "array":
        members = rules.get("items") or rules.get("prefixItems", [{}])[0]
        return f"list of {_type(members) or 'values'}{_range(rules, 'Items', 'values')}"
    if rules.get("type") == "object":
        inner = rules.get("additionalProperties")
        return (
            f"names, each with {_type(inner)}"
            if isinstance(inner, dict) and _type(inner)
            else "names and values"
        )
    named = ": " + ", ".join(f"`{value}`" for value in rules["examples"]) if "examples" in rules else ""
    return WORDS.get(rules.get("type", ""), "") + _range(rules, "Length", "characters") + named


def _in_words(name: str) -> str:
    """The name of a section's class in words."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", re.sub(r"(Spec|Section)$", "", name)).lower()


def _range(rules: Schema, what: str, unit: str) -> str:
    """The bounds of a number, or of a length."""
    bounds = [
        f"{sign} {rules[bound]:g}"
        for bound, sign in BOUNDS.items()
        if bound in rules and abs(rules[bound]) < LARGEST
    ]
    if rules.get(f"max{what}"):
        bounds.append(f"at most {rules[f'max{what}']} {unit}")
    return f" {', '.join(bounds)}" if bounds else ""


def _references(schema: Any) -> list[str]:
    """The names of the sections that a schema refers to, in order."""
    return list(dict.fromkeys(re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(schema))))


if __name__ == "__main__":
    (DOCS / "spec.md").write_text(spec_page(), encoding="utf-8")
    (DOCS / "cli.md").write_text(cli_page(), encoding="utf-8")
