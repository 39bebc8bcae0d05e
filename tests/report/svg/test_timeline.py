"""The timeline."""

import re
from xml.etree import ElementTree

from sparktune.report import StudyRecord
from sparktune.report.svg.timeline import timeline_chart


def bars(chart: str, kind: str) -> int:
    return sum(path.count("M") for path in re.findall(f'<path class="bar {kind}" d="(.*?)"', chart))


def test_every_trial_is_a_bar_on_a_slot(grid: StudyRecord, random_search: StudyRecord) -> None:
    chart = timeline_chart(grid)
    ElementTree.fromstring(chart)
    assert (bars(chart, "done"), bars(chart, "failed"), bars(chart, "other")) == (15, 3, 0)
    assert bars(chart, "idle") > 0
    assert "Timeline of 2 slots over 23 seconds" in chart
    both = timeline_chart(random_search)
    assert bars(both, "done") + bars(both, "failed") == 200
    assert both.count(">worker-") == 4
