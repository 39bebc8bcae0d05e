"""Small parts of the page."""

import pytest

from sparktune.report.markup import charts, duration, markup, section, share_bar, table, tile


def test_text_is_escaped_and_markup_is_not() -> None:
    assert markup("<b>") == "&lt;b&gt;"
    assert markup(0.123456) == "0.1235"
    assert markup(None) == ""
    assert "<script>" not in tile("<script>", "<script>") + table(["<script>"], [["<script>"]])
    assert "25.0 %" in markup(share_bar(0.25)) and "&lt;" not in markup(share_bar(0.25))
    assert "none" in share_bar(None)


def test_numbers_stand_on_the_right() -> None:
    shown = table(["a", "b"], [["x", 1], ["y", 2.5]])
    assert '<th>a</th><th class="number">b</th>' in shown
    assert '<td class="number">2.5</td>' in shown


def test_what_has_no_content_is_left_out() -> None:
    assert section("Title", "", lead="words") == ""
    assert charts(["", ""]) == ""
    assert charts(["<svg/>", ""]).count("<div>") == 1


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.1234, "0.123 s"), (59, "59 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")]
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
