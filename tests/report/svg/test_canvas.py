"""Charts as SVG text."""

import re
from itertools import pairwise
from xml.etree import ElementTree

from sparktune.report.axis import category_axis, number_axis
from sparktune.report.svg.canvas import MOST_TITLES, Plot, dots, shortened

X, Y = number_axis("<x>", [0.0, 10.0]), number_axis("y", [0.0, 1.0])


def test_dots_and_lines_lie_where_they_should() -> None:
    plot = Plot(X, Y, 'the "label"', width=400, height=200)
    plot.dots([(0, 0, "low"), (10, 1, "high"), (5, None, "nowhere")], "dot c0")
    plot.line([(0, 0), (10, 1)], "line")
    image = ElementTree.fromstring(plot.svg())
    assert image.get("aria-label") == 'the "label"'
    low, high = image.iter("circle")
    assert float(low.get("cy")) > float(high.get("cy")) and float(low.get("cx")) < float(high.get("cx"))
    assert [circle[0].text for circle in (low, high)] == ["low", "high"]
    assert plot.place(10, 1) == (float(high.get("cx")), float(high.get("cy")))
    assert [text.text for text in image.iter("text") if text.get("class") == "axis"] == ["<x>", "y"]


def test_dots_are_spread_evenly_but_the_first_is_not() -> None:
    plot = Plot(X, Y, "")
    plot.dots([(5, 0.5, "")] * 100, "dot c0", spread=20.0)
    places = [float(circle.get("cx")) for circle in ElementTree.fromstring(plot.svg()).iter("circle")]
    middle = plot.place(5, 0.5)[0]
    assert places[0] == round(middle, 1)
    assert all(abs(place - middle) <= 10.1 for place in places)
    assert max(b - a for a, b in pairwise(sorted(places))) < 0.6


def test_a_step_keeps_its_value_until_the_next() -> None:
    plot = Plot(X, Y, "")
    plot.steps([(0, 0), (5, 1)], 10, "line c1")
    (line,) = re.findall('class="line c1" d="(.*?)"', plot.svg())
    corners = [tuple(map(float, pair.split())) for pair in line[1:].split("L")]
    assert corners[0][1] == corners[1][1] > corners[2][1] == corners[3][1]
    assert corners[1][0] == corners[2][0]


def test_very_many_dots_are_one_path() -> None:
    many = [(float(n), 1.0, "title") for n in range(MOST_TITLES + 1)]
    assert dots(many, "c0").count("h0") == len(many)
    assert dots(many * 2, "c0") == dots(many[::-1], "c0")
    assert (
        dots([(3.2, 5.0, ""), (1.0, 8.6, "")], "c0", many=True)
        == '<path class="points c0" d="m1 9h0m2-4h0"/>'
    )
    assert "<circle" not in dots(many, "c0") and dots(many[1:], "c0").count("<circle") == MOST_TITLES


def test_words_stay_within_the_image_and_long_ones_are_cut() -> None:
    plot = Plot(X, Y, "", width=200)
    plot.note(10, 0.5, "#12 0.9876")
    assert 'text-anchor="end" class="note"' in plot.svg()
    axis = category_axis("p", [f"a_very_long_name_{n}" for n in range(9)])
    assert "a_very_long_name_1" not in Plot(axis, Y, "", width=300).svg()
    assert (shortened("abcdef", 4), shortened("abc", 3)) == ("abc…", "abc")
