"""`python -m tests.chaos`: inject every fault and print a table; exit code 0 only if nothing was lost.

Arguments are those of pytest: `-k storm` runs the storms alone.
"""

import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDTH = 92


class Table:
    """Collects the tests of each fault: a fault is withstood if all of them have passed."""

    def __init__(self) -> None:
        self._faults: dict[str, str] = {}
        self._outcomes: defaultdict[str, list[str]] = defaultdict(list)
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._started = time.monotonic()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Only tests that inject a fault."""
        for item in items:
            if mark := item.get_closest_marker("fault"):
                self._faults[item.nodeid] = mark.args[0]
        others = [item for item in items if item.nodeid not in self._faults]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item.nodeid in self._faults]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The time of a test, and how it ended; what fails around it counts too."""
        fault = self._faults[report.nodeid]
        self._seconds[fault] += report.duration
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[fault].append(report.outcome)

    def lost(self) -> list[str]:
        """Faults that were not withstood, or could not be injected."""
        return [fault for fault in self._known() if self._result(fault) != "withstood"]

    def print(self) -> None:
        """The table."""
        print(f"\n{'fault':{WIDTH}} result     seconds")
        for fault in self._known():
            print(f"{fault:{WIDTH}} {self._result(fault):9} {self._seconds[fault]:8.1f}")
        withstood = len(self._known()) - len(self.lost())
        seconds = time.monotonic() - self._started
        print(f"{withstood} of {len(self._known())} faults withstood in {seconds:.0f} s")

    def _known(self) -> list[str]:
        return [*dict.fromkeys(self._faults.values())]

    def _result(self, fault: str) -> str:
        outcomes = set(self._outcomes[fault])
        if "failed" in outcomes:
            return "LOST"
        return "withstood" if outcomes == {"passed"} else "not run"


def main(arguments: list[str]) -> int:
    """Run all tests of faults; gives the exit code."""
    table = Table()
    options = ["--chaos", "-p", "no:cacheprovider", "--durations=0", "--durations-min=1e9"]
    options += ["--continue-on-collection-errors", *arguments]
    code = pytest.main([str(ROOT / "tests"), *options], plugins=[table])
    table.print()
    return int(code) or int(bool(table.lost()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
