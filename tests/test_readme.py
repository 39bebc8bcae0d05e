"""The README's blocks, run in order in an empty folder; `python test_readme.py` runs them in this one."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command in a shell block."""
    for line in text.replace("\\\n", " ").splitlines():
        yield shlex.split(re.sub(r"(^|\s)#.*", "", line))


def all_commands() -> list[list[str]]:
    return [words for language, text in blocks() if language == "bash" for words in commands(text) if words]


def run_blocks() -> None:
    """Write the study file, run `sparktune` commands and Python; other commands are left to other tests."""
    names: dict[str, Any] = {}
    for language, text in blocks():
        if language == "yaml":
            Path("study.yaml").write_text(text, encoding="utf-8")
        elif language == "python":
            exec(compile(text, "README.md", "exec"), names)  # the README is ours
        elif language == "bash":
            for words in commands(text):
                run_command(words)


def run_command(words: list[str]) -> None:
    from sparktune.cli import main

    if words and words[0] == "sparktune" and words[1] != "pack":  # gigabytes; tests/jobs packs a small one
        try:
            main(words[1:])
        except SystemExit as done:
            if done.code:
                raise RuntimeError(f"{shlex.join(words)} exits with {done.code}") from done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, fork_server: None) -> Path:
    """Where the README's blocks have been run, beside a table of customers."""
    folder = tmp_path_factory.mktemp("readme")
    customers(200).to_parquet(folder / "customers.parquet")
    done = subprocess.run(
        [sys.executable, __file__],
        cwd=folder,
        env={**os.environ, "SPARK_MASTER": "local[2]"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
    return folder


def customers(rows: int) -> pd.DataFrame:
    """Customers who leave when they come seldom."""
    random = np.random.default_rng(0)
    visits = random.integers(0, 20, rows)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "age": random.integers(18, 90, rows),
            "visits": visits,
            "spend": random.gamma(2.0, 50.0, rows),
            "churned": np.where(visits < 8, "yes", "no"),
        }
    )


@pytest.mark.parametrize(("study", "trials"), [("churn", 4), ("line", 4)])
def test_its_studies_end(folder: Path, study: str, trials: int) -> None:
    summary = json.loads((folder / "studies" / study / "summary.json").read_text())
    assert summary["states"] == {"COMPLETE": trials}
    assert Path(folder, summary["bundle"]).is_dir()
    assert summary["mlflow"]["run_id"]


def test_its_scores_are_one_for_each_row(folder: Path) -> None:
    scored = pd.read_parquet(folder / "scored.parquet")
    assert sorted(scored["id"]) == list(range(200))


def test_every_other_command_is_known() -> None:
    """What the blocks name but this test does not run is run elsewhere: in tests/ci and tests/jobs."""
    known = {"sparktune", "make", "spark-submit"}
    first = [next(word for word in words if "=" not in word.split("/")[0]) for words in all_commands()]
    assert set(first) <= known


@pytest.mark.parametrize(
    "words", [words for words in all_commands() if "spark-submit" in words], ids=" ".join
)
def test_its_jobs_take_the_options_it_names(words: list[str]) -> None:
    job = next(index for index, word in enumerate(words) if word.startswith("jobs/"))
    script, options = ROOT / words[job], [word for word in words[job:] if word.startswith("--")]
    told = subprocess.run(
        [sys.executable, str(script), "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert all(option in told.stdout for option in options)


if __name__ == "__main__":
    run_blocks()
