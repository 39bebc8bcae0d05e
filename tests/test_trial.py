from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sparktune.trial import (
    Trial,
    TrialNotes,
    TrialResult,
    TrialState,
    better,
    param_texts,
    seed_of,
    state_after,
)


def test_a_trial_survives_json():
    trial = Trial("s", 3, {"neurons": 8, "hidden": [1, 2]}, 7, ((0.5, 100), (0.4, 50)), 2)
    assert Trial.from_json(trial.to_json()) == trial


def test_a_result_survives_its_record_but_for_the_model():
    result = TrialResult(
        1, {"a": 1}, TrialState.COMPLETE, 0.5, 2, {"loss": [1.0, 0.5]}, {"train": 1.5}, model=b"x"
    )
    assert "model" not in result.to_record()
    assert replace(TrialResult.from_record(result.to_record()), model=b"x") == result


def test_a_record_keeps_what_there_is_to_note():
    result = TrialResult(1, {}, TrialState.COMPLETE, notes=TrialNotes(engine="fit", reason="own train_step"))
    assert result.to_record()["notes"] == {"engine": "fit", "reason": "own train_step"}
    of_another_version = {**result.to_record(), "notes": {"engine": "fit", "weather": "fine"}}
    assert TrialResult.from_record(of_another_version).notes == TrialNotes(engine="fit")


def test_the_values_of_several_objectives_are_in_the_record_where_there_are_some():
    result = TrialResult(1, {}, TrialState.COMPLETE, 0.5, values={"val_loss": 0.5, "parameters": 41})
    assert TrialResult.from_record(result.to_record()) == result
    assert "values" not in TrialResult(1, {}, TrialState.COMPLETE, 0.5).to_record()


def test_the_complaint_is_the_error_without_its_traceback():
    error = (
        'Traceback (most recent call last):\n  File "a.py", line 1\n    f()\nValueError: it broke\n\nhere\n'
    )
    assert TrialResult(1, {}, TrialState.FAILED, error=error).complaint == "ValueError: it broke here"
    assert TrialResult(1, {}, TrialState.FAILED, error="worker lost").complaint == "worker lost"
    assert TrialResult(1, {}, TrialState.COMPLETE).complaint is None


GRAPH_ERROR = """Traceback (most recent call last):
  File "run.py", line 47, in run_trial
tensorflow.python.framework.errors_impl.InvalidArgumentError: Graph execution error:

Detected at node while/rnn_1/embedding_1/GatherV2 defined at (most recent call last):
  File "epoch.py", line 99, in train

{frames}
indices[0,0] = 49 is not in [0, 20)
\t [[{{{{node while/rnn_1/embedding_1/GatherV2}}}}]] [Op:__inference__train_steps_896]
"""


def test_the_complaint_of_a_graph_is_its_cause():
    error = GRAPH_ERROR.format(frames='  File "layer.py", line 1002, in __call__\n\n' * 20)
    assert (
        TrialResult(1, {}, TrialState.FAILED, error=error).complaint
        == "tensorflow.python.framework.errors_impl.InvalidArgumentError: indices[0,0] = 49 is not in [0, 20)"
    )


def test_seconds_are_the_sum_of_the_phases():
    assert TrialResult(1, {}, TrialState.COMPLETE, timings={"build": 1.0, "train": 2.0}).seconds == 3.0


@given(
    st.integers(0, 2**40), st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False) | st.text())
)
def test_a_seed_depends_on_study_seed_and_parameters_alone(seed, params):
    backwards = dict(reversed(list(params.items())))
    assert 0 <= seed_of(seed, params) < 2**31
    assert seed_of(seed, params) == seed_of(seed, backwards)
    assert seed_of(seed, params) != seed_of(seed + 1, params)


@pytest.mark.parametrize(
    ("direction", "value", "other", "expected"),
    [
        ("maximize", 2, 1, True),
        ("maximize", 1, 1, False),
        ("minimize", 1, 2, True),
        ("minimize", 5, None, True),
    ],
)
def test_better(direction, value, other, expected):
    assert better(direction, value, other) is expected


def test_only_trials_without_an_end_run_again():
    assert {s for s in TrialState if not s.terminal} == {
        TrialState.RUNNING,
        TrialState.PAUSED,
        TrialState.KILLED,
    }


def test_people_read_parameters_with_six_digits() -> None:
    params = {"rate": 0.1 + 0.2, "units": 1_234_567, "bias": True, "layers": [8, 4]}
    assert param_texts(params) == ["rate=0.3", "units=1234567", "bias=True", "layers=[8, 4]"]


def test_states_that_end_a_trial():
    ended = {state for state in TrialState if state.terminal}
    assert ended == set(TrialState) - {TrialState.RUNNING, TrialState.PAUSED, TrialState.KILLED}
    assert {state for state in ended if not state.unsuccessful} == {TrialState.COMPLETE, TrialState.PRUNED}
    assert TrialState.DIVERGED.unsuccessful and not TrialState.DIVERGED.aborted


def test_a_lack_of_memory_is_known_by_its_error():
    assert state_after(ValueError("no such layer")) is TrialState.FAILED
    try:
        try:
            bytearray(2**62)
        except MemoryError as error:
            raise ValueError("the batch is too large") from error
    except ValueError as error:
        assert state_after(error) is TrialState.OUT_OF_MEMORY


def test_an_error_holds_nothing_that_no_file_can_hold() -> None:
    odd = "OSError: no such file: 'a\udcff'"
    result = TrialResult(0, {}, TrialState.FAILED, error=odd)
    assert result.error == r"OSError: no such file: 'a\udcff'"
    of_earlier_version = {**result.to_record(), "error": odd}
    read = TypeAdapter(TrialResult).validate_python(of_earlier_version)  # as the ledger is read
    assert read == TrialResult.from_record(of_earlier_version) == result
