"""The packages of an environment, in virtual environments of their own."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIST = """
from sparktune.errors import InputError
from sparktune.packing.packages import package_entries
try:
    for entry in package_entries("site", {exclude!r}):
        print(entry.name, entry.link or "")
except InputError as error:
    print("refused:", error)
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The site-packages of an environment with one package, `greeting`, that has a command."""
    venv.create(tmp_path / "venv", symlinks=True)
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    about = packages / "Greeting_Words-1.0.dist-info"
    for folder in (packages / "greeting" / "tests", about):
        folder.mkdir(parents=True)
    (packages / "greeting" / "__init__.py").write_text("def main(): print('hello')\n")
    (packages / "greeting" / "tests" / "test_it.py").touch()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: Greeting.Words\nVersion: 1.0\n")
    (about / "RECORD").write_text("greeting/__init__.py,,\nGreeting_Words-1.0.dist-info/RECORD,,\n")
    (about / "entry_points.txt").write_text("[console_scripts]\nhello = greeting:main\n")
    return packages


def listed(packages: Path, *exclude: str) -> list[str]:
    done = subprocess.run(
        [packages.parents[2] / "bin" / "python", "-c", LIST.format(exclude=exclude)],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [line.strip() for line in done.stdout.splitlines()]


def test_packages_and_commands_come_with_the_running_sparktune(environment: Path) -> None:
    names = listed(environment)
    assert {"site/greeting/__init__.py", "bin/hello", "site/sparktune/cli/pack.py"} <= set(names)
    assert not [name for name in names if "/tests/" in name or "__pycache__" in name]


def test_what_pip_has_left_over_is_no_package(environment: Path) -> None:
    (environment / "~reeting-1.0.dist-info").mkdir()
    assert "bin/hello" in listed(environment)


def test_a_package_is_left_out_by_any_spelling_of_its_name(environment: Path) -> None:
    names = listed(environment, "greeting-words")
    assert not {"site/greeting/__init__.py", "bin/hello"} & set(names)
    assert listed(environment, "greetings")[0].startswith("refused: --exclude must name an installed package")


def test_links_inside_are_kept_as_relative_ones(environment: Path) -> None:
    (environment / "greeting" / "near.py").symlink_to(environment / "greeting" / "__init__.py")
    assert "site/greeting/near.py __init__.py" in listed(environment)


@pytest.mark.parametrize("target", [sys.executable, "../../../../../outside.txt", "/nowhere"])
def test_links_that_lead_out_are_refused_by_name(environment: Path, target: str) -> None:
    (environment.parents[3] / "outside.txt").touch()
    (environment / "greeting" / "far").symlink_to(target)
    (answer,) = listed(environment)
    assert answer.startswith("refused: links must lead to files of the environment")
    assert f"{environment / 'greeting' / 'far'} -> {target}" in answer


def test_an_editable_install_is_refused_with_the_way_out(environment: Path) -> None:
    origin = '{"dir_info": {"editable": true}, "url": "file:///home/me/greeting"}'
    (environment / "Greeting_Words-1.0.dist-info" / "direct_url.json").write_text(origin)
    (answer,) = listed(environment)
    assert "Greeting.Words is an editable install of file:///home/me/greeting" in answer
    assert "--exclude Greeting.Words" in answer
    assert "site/greeting/__init__.py" not in listed(environment, "Greeting.Words")
