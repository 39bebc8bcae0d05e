"""How many segments share a job."""

from dataclasses import replace
from pathlib import Path

import pytest

from sparktune.study.job_sizer import MOST, MOST_BYTES, JobSizer
from sparktune.trial import Segment, Trial

EPOCHS = 10


def sizer_after(*seconds: float) -> JobSizer:
    sizer = JobSizer(EPOCHS)
    for each in seconds:
        sizer.observe(each)
    return sizer


def test_nothing_is_shared_before_a_trial_has_ended() -> None:
    assert JobSizer(EPOCHS).size(1000, 2) == 1


def test_short_trials_share_for_two_seconds() -> None:
    assert sizer_after(0.0).size(1000, 2) == MOST
    assert sizer_after(0.3).size(1000, 2) == 6
    assert sizer_after(0.9).size(1000, 2) == 2


def test_trials_of_a_second_or_more_have_a_job_each() -> None:
    assert sizer_after(1.0).size(1000, 2) == 1
    assert sizer_after(60.0).size(1000, 2) == 1


def test_the_last_trials_are_spread_over_all_slots() -> None:
    assert sizer_after(0.0).size(40, 4) == 5
    assert sizer_after(0.0).size(8, 4) == 1
    assert sizer_after(0.0).size(0, 4) == 1


def test_a_slow_start_is_no_rule() -> None:
    assert sizer_after(6.0, 0.1, 0.1).size(1000, 2) == MOST
    assert sizer_after(*[0.1] * 20, *[3.0] * 9).size(1000, 2) == 1


def going_on(
    epoch: float, start: int = 1, end: int | None = 3, bound: float | None = None, **params: int
) -> Segment:
    """A segment of a trial whose epochs took so many seconds each."""
    trial = Trial("study", 0, params, seed=0)
    return Segment(trial, start, end, "checkpoint", seconds=bound, trained_seconds=start * epoch)


@pytest.mark.parametrize(
    ("segment", "most"),
    [
        (going_on(0.0), MOST),
        (going_on(0.1), 10),
        (going_on(0.1, start=3, end=6), 6),
        (going_on(0.1, end=None), 2),
        (going_on(0.1, end=None, epochs=5), 5),
        (going_on(0.1, end=None, bound=0.15), 8),
        (going_on(0.6), 1),
        (Segment(Trial("study", 0, {}, seed=0), end=3, trained_seconds=0.1), 1),
    ],
)
def test_segments_that_go_on_share_by_what_their_epochs_took(segment: Segment, most: int) -> None:
    sizer = JobSizer(EPOCHS)
    assert sizer.sharing([segment] * 100, slots=1) == most
    assert sizer.has_room([segment] * (2 * most - 1), jobs=2)
    assert not sizer.has_room([segment] * 2 * MOST, jobs=2)


def test_the_checkpoints_of_a_job_have_a_bound(tmp_path: Path) -> None:
    checkpoint = tmp_path / "0-1.checkpoint"
    with checkpoint.open("wb") as file:
        file.truncate(MOST_BYTES // 3)
    assert JobSizer(EPOCHS).sharing([replace(going_on(0.0), checkpoint=str(checkpoint))] * 9, slots=1) == 3


def test_a_long_segment_has_a_job_of_its_own_and_idle_slots_get_alike_numbers() -> None:
    sizer, short, long = JobSizer(EPOCHS), going_on(0.0), going_on(9.0)
    assert sizer.sharing([long, short], slots=1) == 1
    assert sizer.sharing([short, short, long], slots=1) == 2
    assert sizer.sharing([short] * 5, slots=2) == 3
    assert sizer.sharing([short], slots=2) == 1
