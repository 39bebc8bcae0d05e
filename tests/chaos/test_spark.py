"""Processes of a Spark cluster die in a later segment of a trial: the study ends as one without a fault."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.ledger import Ledger
from tests.chaos.cluster import Cluster, cluster, until
from tests.chaos.processes import born, kill, signal_all
from tests.chaos.storm import Storm
from tests.chaos.studies import (
    EPOCHS,
    assert_as_trained_alone,
    assert_no_epoch_twice,
    assert_none_failed,
    assert_recorded_once,
    assert_replayed,
    assert_same,
    assert_shown_once,
    events,
    segments_recorded,
    study_of,
    write_study,
)

TRIALS = 4


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, fork_server: None) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("hosts")) as made:
        yield made


@pytest.fixture(scope="module")
def whole(hosts: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study without a disturbance."""
    config = write_study(tmp_path_factory.mktemp("whole"))
    hosts.driver().run(config)
    assert_recorded_once(config, TRIALS)
    assert len(events(config, "paused")) == TRIALS * (EPOCHS - 1)
    return config


def attempts(config: Path) -> dict[int, int]:
    """The last attempt of each trial."""
    return {number: result.attempt for number, result in Ledger.read(study_of(config)).results.items()}


def assert_undisturbed(config: Path, whole: Path) -> None:
    assert_same(config, whole)
    assert_recorded_once(config, TRIALS)
    assert_no_epoch_twice(config)
    assert_shown_once(config, TRIALS)


@pytest.mark.fault("Spark: Python worker SIGKILLed in a later segment")
def test_a_killed_python_worker(
    hosts: Cluster, whole: Path, tmp_path: Path, only_at_full_length: None
) -> None:
    config = write_study(tmp_path)
    hosts.driver().begin(config)
    segment = hosts.later_segment()
    assert segment.kill()
    hosts.driver().wait()
    assert_undisturbed(config, whole)
    assert attempts(config) == {n: 1 + (n == segment.trial) for n in range(TRIALS)}
    notes = Ledger.read(study_of(config)).results[segment.trial].notes
    assert notes.lost == "the Python worker was killed by SIGKILL"


@pytest.mark.fault("Spark: executor JVM SIGKILLed in a later segment")
def test_a_killed_executor(hosts: Cluster, whole: Path, tmp_path: Path, only_at_full_length: None) -> None:
    config = write_study(tmp_path)
    hosts.driver().begin(config)
    segment = hosts.later_segment()
    executor = hosts.executor_of(segment)
    assert kill(executor, born(executor))
    hosts.trains_no_more([segment])
    hosts.driver().wait()
    assert_undisturbed(config, whole)
    assert attempts(config)[segment.trial] == 2


@pytest.mark.fault("Spark: a worker host stopped by SIGSTOP and coming back")
def test_a_stopped_host(hosts: Cluster, whole: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    seconds = 30 if request.config.getoption("--chaos") else 14
    config = write_study(tmp_path)
    hosts.driver().begin(config, pause=0.5)
    segment = hosts.later_segment(start=1)
    host = hosts.host_of(segment)
    signal_all(host, signal.SIGSTOP)
    stopped = time.monotonic()
    try:
        until(
            lambda: [t for t, n in segments_recorded(config) if t == segment.trial and n > segment.start],
            "progress",
        )
        time.sleep(max(0.0, stopped + seconds - time.monotonic()))
    finally:
        signal_all(host, signal.SIGCONT)
    hosts.driver().wait()
    assert_undisturbed(config, whole)
    assert attempts(config)[segment.trial] == 2
    until(lambda: not segment.alive, "the end of the worker that came back", 30)


@pytest.mark.fault("Spark: driver SIGKILLed in a later segment")
def test_a_killed_driver(hosts: Cluster, whole: Path, tmp_path: Path, only_at_full_length: None) -> None:
    config = write_study(tmp_path)
    hosts.driver().begin(config)
    hosts.later_segment()
    segments = hosts.running()
    hosts.driver().kill()
    hosts.trains_no_more(segments)
    before = segments_recorded(config)
    hosts.driver().run(config)
    assert_undisturbed(config, whole)
    assert len(segments_recorded(config)) == TRIALS * EPOCHS
    assert set(before) < set(segments_recorded(config))


@pytest.mark.fault("Spark: a checkpoint above spark.driver.maxResultSize")
def test_a_checkpoint_that_spark_cannot_return(hosts: Cluster, tmp_path: Path) -> None:
    search = {"space": {"neurons": [600]}}
    model = {"kind": "mlp", "layers": 2}
    parts = write_study(tmp_path / "parts", search=search, model=model)
    one_go = write_study(tmp_path / "whole", search=search, model=model, resources={"segment_seconds": 60})
    hosts.driver().run(parts)
    hosts.driver().run(one_go)
    assert_same(parts, one_go)
    (result,) = Ledger.read(study_of(parts)).results.values()
    assert "spark.driver.maxResultSize leaves" in (result.notes.checkpoint or "")


@pytest.mark.fault("storm of SIGKILLs, grid")
def test_a_storm_over_a_grid(hosts: Cluster, tmp_path: Path, only_at_full_length: None) -> None:
    rates, kills = 10, 100
    search = {"space": {"neurons": [2, 3, 4, 5], "learning_rate": [0.01 * (n + 1) for n in range(rates)]}}
    whole = write_study(tmp_path / "whole", search=search)
    hosts.driver().run(whole, pause=0)
    config = write_study(tmp_path / "storm", search=search)
    storm = Storm(hosts, config, kills, 4 * rates * EPOCHS)
    storm.run()
    assert storm.done.total() == kills
    assert_same(config, whole)
    assert_recorded_once(config, 4 * rates)
    assert_no_epoch_twice(config)
    assert_shown_once(config, 4 * rates)


@pytest.mark.fault("storm of SIGKILLs, tpe and asha")
def test_a_storm_over_a_search_that_learns(hosts: Cluster, tmp_path: Path, at_full_length: bool) -> None:
    trials, kills = (40, 100) if at_full_length else (8, 6)
    space = {"neurons": {"low": 1, "high": 6}, "learning_rate": {"low": 1e-3, "high": 0.3, "log": True}}
    pruning = {"pruner": "asha", "min_epochs": 1, "max_epochs": 8, "reduction": 2}
    search = {
        "sampler": "tpe",
        "trials": trials,
        "options": {"n_startup_trials": 4},
        "space": space,
        **pruning,
    }
    config = write_study(tmp_path, search=search, training={"batch_size": 8})
    storm = Storm(hosts, config, kills, 2 * trials)
    storm.run()
    assert storm.done.total() == kills
    assert_none_failed(config)
    assert_recorded_once(config, trials)
    assert_no_epoch_twice(config)
    assert_shown_once(config, trials)
    assert_replayed(config)
    assert_as_trained_alone(config)


@pytest.mark.fault("Spark: nothing is left in memory, in temporary folders, of processes")
def test_nothing_is_left(hosts: Cluster, whole: Path) -> None:
    hosts.driver().end()
    digest = Ledger.read(study_of(whole)).header.data_digest
    deadline = time.monotonic() + 30
    while left := [*hosts.left_processes(), *hosts.left_files(digest)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
