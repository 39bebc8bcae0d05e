"""What the documents show: the blocks of docs/extending.md and docs/tutorial.md, run in order; the examples
of docstrings; whether generated pages are up to date.

`python test_docs.py` runs what can be run in this folder, where the example package has been installed.
"""

import ast
import contextlib
import doctest
import io
import os
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from inspect import isabstract, isclass
from pathlib import Path
from typing import Any

import pytest

from tests.packages import write_package
from tests.test_readme import commands, run_command

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)\)")
FILE = re.compile(r"# (\S+\.py)\n")
PAGES = sorted(f"docs/{page.name}" for page in ROOT.glob("docs/*.md"))
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *PAGES, "docker/README.md"]


def blocks() -> list[tuple[str, str]]:
    """Language and text of each fenced block of docs/extending.md."""
    return BLOCK.findall((ROOT / "docs" / "extending.md").read_text(encoding="utf-8"))


def install(folder: Path) -> None:
    """Write the example package as pip would: its files, its name and its entry points."""
    found = [(FILE.match(text), text) for language, text in blocks() if language == "python"]
    files = {named[1]: text for named, text in found if named}
    project = tomllib.loads(next(text for language, text in blocks() if language == "toml"))["project"]
    write_package(folder, files, project["entry-points"], project["name"])


def run_blocks() -> Iterator[str]:
    """Run what is not a file of the package; give what is printed where the document shows something else."""
    names: dict[str, Any] = {}
    printed = ""
    for language, text in blocks():
        if language == "python" and not FILE.match(text):
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(compile(text, "extending.md", "exec"), names)  # the document is ours
            printed = output.getvalue()
        elif language == "text" and text != printed:
            yield f"docs/extending.md shows\n{text}but this is printed:\n{printed}"


def examples() -> list[tuple[str, doctest.DocTest]]:
    """The examples in the docstrings of the public names."""
    import sparktune

    finder = doctest.DocTestFinder(recurse=False)
    members = [(name, getattr(sparktune, name)) for name in sparktune.__all__]
    found = [(name, test) for name, member in members for test in finder.find(member, name, globs={})]
    return [(name, test) for name, test in found if test.examples]


def run_examples() -> Iterator[str]:
    """Run the examples of docstrings; give each failure."""
    runner = doctest.DocTestRunner(verbose=False)
    for name, test in examples():
        report = io.StringIO()
        if runner.run(test, out=report.write).failed:
            yield f"the example of sparktune.{name} fails:\n{report.getvalue()}"


def run_tutorial() -> Iterator[str]:
    """Write the tutorial's study file, run its Python and its commands; give a plan that it does not show."""
    printed: list[str] = []
    for language, text in BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")):
        if language == "yaml":
            Path("study.yaml").write_text(text, encoding="utf-8")
        elif language == "python":
            exec(compile(text, "tutorial.md", "exec"), {})  # the document is ours
        elif language == "bash":
            with contextlib.redirect_stdout(io.StringIO()) as output:
                for words in commands(text):
                    run_command(words)
            printed = plan(output.getvalue())
        elif text.startswith("study ") and plan(text) != printed:
            yield f"docs/tutorial.md shows\n{text}but this is printed:\n" + "\n".join(printed)


def plan(text: str) -> list[str]:
    """What `check` prints, without the lines that depend on the machine."""
    return [line for line in text.splitlines() if "at once" not in line and not line.startswith("MLflow")]


def run() -> None:
    failures = [*run_blocks(), *run_examples(), *run_tutorial()]
    sys.exit("\n".join(failures) or None)


def test_all_of_it_runs(tmp_path: Path, fork_server: None) -> None:
    install(tmp_path)
    without_master = {name: value for name, value in os.environ.items() if name != "SPARK_MASTER"}
    done = subprocess.run(
        [sys.executable, __file__],
        cwd=tmp_path,
        env={**without_master, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]


def test_whatever_others_subclass_or_call_has_an_example() -> None:
    import sparktune

    abstract = {
        name for name in sparktune.__all__ if isclass(m := getattr(sparktune, name)) and isabstract(m)
    }
    shown = {name for name, _ in examples()}
    assert {"DataSource", "Engine", "Launcher", "ModelKind", "Sampler", "Tracker"} <= abstract
    assert abstract | {"tune"} <= shown
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    assert not [name for name in abstract if not re.search(rf"\b{name}\b", text)]


@pytest.mark.parametrize("page", ["spec", "cli"])
def test_a_generated_page_is_up_to_date(page: str) -> None:
    generated = runpy.run_path(str(ROOT / "docs" / "generate.py"))[f"{page}_page"]()
    assert (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") == generated, "run `make docs`"


def test_every_command_with_a_document_says_what_it_holds() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    with_document = re.findall(
        r"^## `sparktune (\w+)`$(?:(?!^## ).)*?^\* `--json`", page, re.MULTILINE | re.DOTALL
    )
    assert len(with_document) > 10
    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert set(with_document) == set(rows)


def test_the_messages_that_errors_explains_are_the_products() -> None:
    """Each is part of one string of the code; `{}` stands for a value."""
    texts = [
        text
        for path in (ROOT / "sparktune").rglob("*.py")
        for text in strings_of(ast.parse(path.read_text()))
    ]
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    quoted = re.findall(r"(?<=\*\*)`([^`]{9,})`(?=\*\*)", page)
    assert len(quoted) > 25
    assert not [message for message in quoted if not any(message in text for text in texts)]


def strings_of(tree: ast.AST) -> Iterator[str]:
    """The strings of code, with `{}` for what f-strings fill in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_field_of_the_study_file_has_a_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", (ROOT / "docs/spec.md").read_text(), re.MULTILINE)
    assert len(rows) > 90
    assert not [field for field, meaning in rows if not meaning.strip()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    local = [link for link in LINK.findall(text) if "://" not in link]
    assert not [link for link in local if not (ROOT / document).parent.joinpath(link).exists()]


def test_the_readme_links_the_documents() -> None:
    links = LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(DOCUMENTS[1:]) <= set(links)


def test_the_architecture_names_every_room_and_no_file_that_is_not_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "sparktune"
    rooms = dict(re.findall(r"^\| `(\w+)/` \| (.*) \|$", text, re.MULTILINE))
    assert set(rooms) == {path.parent.name for path in package.glob("*/__init__.py")}
    files = [f"{room}/{name}" for room, row in rooms.items() for name in re.findall(r"`(\w+/?)`", row)]
    files += re.findall(r"\| `(\w+/[\w/]*|\w+\.py)` \|$", text, re.MULTILINE)  # of the words
    there = [package / name if name.endswith((".py", "/")) else package / f"{name}.py" for name in files]
    assert not [path for path in there if not path.exists()]


if __name__ == "__main__":
    run()
