"""The report as a file: whole, small, and without anything from elsewhere."""

import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sparktune.errors import StudyDirectoryError
from sparktune.ledger.events import Launched, Recorded, StudyStarted
from sparktune.report import StudyRecord, read_study, write_report
from sparktune.report.evaluation import write_evaluation
from sparktune.report.page import report_page, write_final_report
from tests.report.ledgers import Timed, finished, result, searched, write_ledger
from tests.report.test_evaluation import CLASSES

EMPTY = {"meta", "br"}


class Nesting(HTMLParser):
    """Checks that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_thousand_trials_are_one_small_file(tmp_path: Path) -> None:
    folder = searched(tmp_path, 1000)
    begun = time.process_time()
    path = write_report(folder, importance=False)
    assert time.process_time() - begun < 3
    page = path.read_text(encoding="utf-8")
    assert path == tmp_path / "report.html" and len(page.encode()) < 300_000
    assert not re.search(r"<script|<link|<img|@import|url\(|https?:", page)
    nesting = Nesting()
    nesting.feed(page)
    assert nesting.open == []
    assert page.count("M") > 1000
    titles = re.findall("<h2>(.*?)</h2>", page)
    assert titles == [
        *("History", "Parameters", "Parallel coordinates", "Learning curves of the best trials"),
        *("Timeline", "Trials that failed", "Trials"),
    ]


@pytest.mark.parametrize("trials", [150, 1000])
def test_twelve_parameters_are_one_small_file_too(trials: int, tmp_path: Path) -> None:
    page = write_report(searched(tmp_path, trials, more=8), importance=False).read_bytes()
    assert page.count(b"val_accuracy by option_7") == 1 and len(page) < 300_000


def test_it_says_no_more_than_is_known(empty: StudyRecord) -> None:
    page = report_page(empty, None)
    assert "No trial has a value yet" in page and "<h2>" not in page


def test_a_study_under_way_can_be_looked_at(tmp_path: Path) -> None:
    events: list[Timed] = [(0, StudyStarted("val_accuracy", "maximize"))]
    events += [(1, Launched(0, 1, 7, result(0).params)), (3, Recorded(result(0, 0.5), None))]
    write_ledger(tmp_path, [*events, (3, Launched(1, 1, 7, result(1).params))])
    page = write_report(tmp_path, tmp_path / "now.html").read_text(encoding="utf-8")
    assert "best val_accuracy, trial 0" in page
    assert not (tmp_path / "report.html").exists()


def test_the_report_has_the_exported_model_and_the_importance(tmp_path: Path) -> None:
    folder = searched(tmp_path, 40)
    best = read_study(folder).best_number
    write_evaluation(folder, type(CLASSES)(**{**vars(CLASSES), "trial": best}))
    page = write_report(folder).read_text(encoding="utf-8")
    assert "<h2>The exported model</h2>" in page and "<h2>Importance</h2>" in page


def test_names_are_only_text(tmp_path: Path) -> None:
    error = "ValueError: <script>alert(1)</script>"
    search = {"space": {"kernel": ["<b>", "&"]}}
    events: list[Timed] = [
        (0, StudyStarted("val_accuracy", "maximize")),
        (1, Recorded(result(0, 0.5, params={"kernel": "<b>"}), None)),
        (2, Recorded(result(1, 0.6, params={"kernel": "&"}), None)),
        (3, Recorded(result(2, error=error, params={"kernel": "&"}), None)),
    ]
    folder = write_ledger(tmp_path, events, search=search, model={"builder": "a:b"})
    page = write_report(folder).read_text(encoding="utf-8")
    assert "<script" not in page and "<b>&" not in page and "kernel=<" not in page


def test_the_final_report_of_a_short_study_imports_nothing_heavy(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from sparktune.report.page import write_final_report
begun = time.process_time()
write_final_report(Path({str(finished(tmp_path))!r}), seconds=10.0)
print(time.process_time() - begun < 0.3, *{{"optuna", "matplotlib", "numpy", "pandas"}} & set(sys.modules))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True"]
    hint = "<code>sparktune report DIR</code> adds how much each parameter matters"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert hint in page and "<h2>Importance</h2>" not in page
    page = write_final_report(tmp_path, seconds=1000.0).read_text(encoding="utf-8")
    assert "<h2>Importance</h2>" in page and hint not in page


def test_a_line_does_not_show_through_the_name_of_the_best(grid: StudyRecord) -> None:
    (note,) = re.findall(r"(?m)^\.note \{(.*?)\}", report_page(grid, None))
    rules = dict(rule.strip().split(": ") for rule in note.split(";") if rule.strip())
    assert (rules["paint-order"], rules["stroke"]) == ("stroke", "var(--page)")
    assert float(rules["stroke-width"].removesuffix("px")) >= 2 * 4, "a blank is 4 px wide"


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyDirectoryError, match="must be a study directory"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []
