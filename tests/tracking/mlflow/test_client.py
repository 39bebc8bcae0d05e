"""The client of MLflow gives up soon, and asks again where a server answers that it failed."""

import os
from collections import Counter

import pytest
import requests
from mlflow.exceptions import MlflowException

from sparktune.tracking.mlflow.client import connect, limits, may_pass
from tests.tracking.servers import Door, free_port


def test_what_the_user_has_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    before = dict(os.environ)
    with limits(7):
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"
    assert dict(os.environ) == before


def test_limits_hold_until_the_last_of_overlapping_contexts_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sparktune.tracking.mlflow.client._contexts", Counter())
    before = dict(os.environ)
    first, second = limits(7), limits(9)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
    second.__exit__(None, None, None)
    assert dict(os.environ) == before


def test_a_request_that_may_be_repeated_is_tried_three_times(door: Door) -> None:
    failures = [True, True, False, True, True, True, True]
    door.fails = lambda request: failures.pop(0)
    with limits():
        client = connect(door.uri)
        assert client.get_experiment_by_name("nowhere") is None
        with pytest.raises(MlflowException, match="500"):
            client.get_experiment_by_name("nowhere")
    assert len(door.requests) == 6


def test_a_run_is_made_by_one_request(door: Door) -> None:
    door.fails = lambda request: True
    with limits(), pytest.raises(MlflowException, match="500"):
        connect(door.uri).create_run("0")
    assert len(door.requests) == 1


def test_what_a_server_refuses_is_not_asked_again(door: Door) -> None:
    with limits(), pytest.raises(MlflowException) as refused:
        connect(door.uri).get_run("nobody")
    assert not may_pass(refused.value)
    assert len(door.requests) == 1


def test_a_server_that_is_down_is_not_asked_again() -> None:
    with limits(), pytest.raises(MlflowException) as refused:
        connect(f"http://127.0.0.1:{free_port()}").get_run("nobody")
    assert not may_pass(refused.value)


@pytest.mark.parametrize(("status", "expected"), [(429, True), (503, True), (404, False)])
def test_a_failed_upload_tells_its_status(status: int, expected: bool) -> None:
    response = requests.Response()
    response.status_code = status
    try:
        try:
            response.raise_for_status()
        except requests.HTTPError as error:
            raise ValueError("could not upload") from error
    except ValueError as error:
        assert may_pass(error) is expected
