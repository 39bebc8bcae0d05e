"""What the documents show: the Python of docs/extending.md, run in order, and the examples of docstrings.

`python test_docs.py FOLDER` runs both in FOLDER, where the example package has been installed.
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from inspect import isabstract, isclass
from pathlib import Path
from typing import Any

import pytest

from tests.packages import write_package

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)\)")
FILE = re.compile(r"# (\S+\.py)\n")
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/extending.md"]


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


def run() -> None:
    from sparktune.launch import ForkServer

    with ForkServer():  # one for all studies
        failures = [*run_blocks(), *run_examples()]
    sys.exit("\n".join(failures) or None)


def test_all_of_it_runs(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("document", [*DOCUMENTS, "docs/mlflow.md"])
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
