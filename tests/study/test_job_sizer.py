"""How many trials share a job."""

from sparktune.study.job_sizer import MOST, JobSizer


def sizer_after(*seconds: float) -> JobSizer:
    sizer = JobSizer()
    for each in seconds:
        sizer.observe(each)
    return sizer


def test_nothing_is_shared_before_a_trial_has_ended() -> None:
    assert JobSizer().size(1000, 2) == 1


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
