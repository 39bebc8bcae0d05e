"""One attempt where it runs, without a launcher."""

import json
import os
import pickle
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sparktune.data.host import DataKey, share
from sparktune.errors import LaunchError, SpecError
from sparktune.launch.payload import StudyPayload, decode_result, default_work, encode_result
from sparktune.spec import StudySpec
from sparktune.trial import Segment, TrialResult, TrialState
from tests.launch import works
from tests.launch.contract import trial


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def payload(spec: StudySpec) -> StudyPayload:
    return StudyPayload(spec.model_dump_json(), share(works.tiny_data()).key, pickle.dumps(works.act))


def test_packages_of_samplers_and_sources_are_needed_on_the_driver_alone() -> None:
    document = payload(StudySpec()).spec.replace('"grid"', '"halving"').replace('"arrays"', '"sensors"')
    with pytest.raises(SpecError, match=r"(?s)'sensors'.*'halving'"):
        StudySpec.model_validate_json(document)
    sent = replace(payload(StudySpec()), spec=document)
    sent.check()
    assert sent.cpus == 1


def test_the_spec_survives_the_way() -> None:
    spec = StudySpec.model_validate(
        {
            "model": {"hidden": [8, 4]},
            "search": {
                "sampler": "random",
                "trials": 3,
                "space": {
                    "learning_rate": {"low": 1e-4, "high": 0.1, "log": True},
                    "hidden": [[8], [4, 4]],
                },
            },
            "training": {"metrics": ["mean_absolute_error"], "class_weight": {0: 1.0}},
        }
    )
    assert pickle.loads(pickle.dumps(payload(spec)))._study == spec


def test_cores_bound_the_threads_of_libraries() -> None:
    record, _ = payload(works.tiny_spec(cpus=3)).run(Segment(trial(do="value")))
    assert json.loads(json.loads(record)["host"])["threads"] == "3"
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_the_attempt_is_the_launchers() -> None:
    encoded = payload(works.tiny_spec()).run(Segment(replace(trial(4, do="value"), attempt=3)))
    assert (decode_result(encoded).trial, decode_result(encoded).attempt) == (4, 3)


@pytest.mark.parametrize("count", [1, 2])
def test_no_trial_is_blamed_where_the_process_cannot_read_what_all_share(count: int) -> None:
    asked = [Segment(trial(n, do="value")) for n in range(count)]
    sound = payload(works.tiny_spec())
    for part, complaint in (
        ({"data": DataKey("0" * 64, 8)}, "to run trials, but"),
        ({"work": pickle.dumps(default_work()), "data": DataKey("0" * 64, 8)}, "to run trials, but"),
        ({"work": b"no pickle"}, "to run trials, but UnpicklingError"),
    ):
        with pytest.raises(LaunchError, match=complaint):
            [*replace(sound, **part).run_segments(asked)]  # type: ignore[arg-type]


def test_trials_together_stop_when_their_time_is_up() -> None:
    asked = [Segment(trial(n, do="value")) for n in range(3)]
    held = payload(works.tiny_spec())
    assert [decode_result(encoded).trial for encoded in held.run_segments(asked)] == [0, 1, 2]
    assert [decode_result(encoded).trial for encoded in held.run_segments(asked, seconds=0)] == [0]


def test_a_model_that_does_not_fit_beside_others_waits_for_another_time() -> None:
    asked = [Segment(trial(n, do="bulky", bytes=1500)) for n in range(2)]
    held = payload(works.tiny_spec())
    fitting = held.run_segments(asked, limit=2600)
    assert [len(decode_result(encoded).model or b"") for encoded in fitting] == [1500]
    assert len([*held.run_segments(asked, limit=9000)]) == 2


def test_a_model_above_the_limit_fails_and_stays_behind() -> None:
    result = TrialResult(0, {}, TrialState.COMPLETE, value=1.0, model=bytes(100))
    assert decode_result(encode_result(result, trial(), limit=100)).state is TrialState.COMPLETE
    refused = decode_result(encode_result(result, trial(), limit=99))
    assert (refused.state, refused.model) == (TrialState.FAILED, None)
    assert "100 bytes where 99" in (refused.error or "")


def test_trials_train_by_default() -> None:
    assert default_work().__name__ == "run_segment"
