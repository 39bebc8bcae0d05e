"""Learning curves as text."""

import math

from sparktune.report.text_plot import text_plot


def test_a_curve_falls_from_left_to_right() -> None:
    assert text_plot({"loss": [3.0, 2.0, 1.0]}, height=3).splitlines() == [
        "  3 |*",
        "    | *",
        "  1 |  *",
        "    +---",
        "     1 3",
        "* loss",
    ]


def test_many_epochs_fit_and_the_last_one_is_seen() -> None:
    curves = {"val_loss": [1000.0 - n for n in range(1000)], "loss": [500.0 - n for n in range(1000)]}
    lines = text_plot(curves, width=60).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[-1] == "* val_loss  o loss"
    assert lines[-2].split() == ["1", "1000"]
    assert lines[0].lstrip().startswith("1000 |*")
    assert lines[-4].rstrip().endswith("o")


def test_curves_without_numbers_and_of_one_epoch() -> None:
    assert text_plot({"loss": [math.nan]}) == "no values"
    flat = text_plot({"loss": [2.0]}).splitlines()
    assert sum("*" in line for line in flat[:-1]) == 1
    assert flat[-2].split() == ["1"]
    assert "*" in text_plot({"loss": [math.inf, 1.0, 2.0]})
