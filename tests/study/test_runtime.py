"""Where a study runs is decided in one place."""

import os
from typing import Any

import pytest
from studies import data, document

from sparktune.launch import LocalLauncher, SparkLauncher
from sparktune.launch.forkserver.client import ADDRESS
from sparktune.spec import StudySpec, parse_spec
from sparktune.study.runtime import Runtime


def spec(folder: Any, **resources: Any) -> StudySpec:
    return parse_spec(document(folder, resources=resources))


def test_a_launcher_without_a_session_is_local_and_no_spark_starts(tmp_path, monkeypatch):
    monkeypatch.setattr("sparktune.study.runtime.spark_is_configured", lambda: False)
    monkeypatch.setattr("sparktune.study.runtime.open_session", _no_session)
    study = spec(tmp_path, preload=False)
    with Runtime(study) as runtime:
        shared = runtime.share(runtime.load(data()))
        with runtime.start_launcher(study, shared) as launcher:
            assert isinstance(launcher, LocalLauncher)
            assert launcher.slots() >= 1


def test_a_session_that_is_given_runs_the_trials_and_stays_open(spark, tmp_path):
    study = spec(tmp_path, preload=False)
    with Runtime(study, spark) as runtime:
        assert runtime.session() is spark
        with runtime.start_launcher(study, runtime.share(runtime.load(data()))) as launcher:
            assert isinstance(launcher, SparkLauncher)
    assert spark.range(3).count() == 3


def test_the_data_are_shared_once_and_their_copy_goes_with_the_runtime(tmp_path):
    with Runtime(spec(tmp_path, preload=False, launcher="local")) as runtime:
        shared = runtime.share(runtime.load(data()))
        assert shared.path.exists()
        assert os.fstat(shared.lock)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(shared.lock)


def test_a_fork_server_serves_while_the_runtime_is_open(tmp_path, monkeypatch):
    monkeypatch.delenv(ADDRESS, raising=False)
    with Runtime(spec(tmp_path, launcher="local")):
        assert os.environ[ADDRESS]
    assert ADDRESS not in os.environ


def _no_session(study: StudySpec) -> None:
    raise AssertionError("no table is read: Spark need not start")
