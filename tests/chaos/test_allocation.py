"""Spark adds and removes executors while a study runs, and runs copies of slow tasks."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.cluster import Cluster, cluster, until
from tests.chaos.processes import signal_all
from tests.chaos.studies import (
    assert_no_epoch_twice,
    assert_recorded_once,
    assert_shown_once,
    events,
    segments_recorded,
    under_way_at_launch,
    write_study,
)

SECONDS = 10  # in which the driver follows: as many trials run as there are slots, and as many again wait


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, fork_server: None) -> Iterator[Cluster]:
    """One host, whose driver allocates executors dynamically and runs copies of tasks on other hosts."""
    with cluster(
        tmp_path_factory.mktemp("hosts"),
        workers=1,
        spark_dynamicAllocation_enabled="true",
        spark_dynamicAllocation_shuffleTracking_enabled="true",
        spark_dynamicAllocation_schedulerBacklogTimeout="1s",
        spark_executor_cores="1",
        spark_speculation="true",
        spark_speculation_interval="100ms",
        spark_speculation_task_duration_threshold="1s",
    ) as made:
        yield made


@pytest.mark.fault("dynamic allocation adds an executor, a host goes: parallelism follows")
def test_parallelism_follows_the_executors(hosts: Cluster, tmp_path: Path) -> None:
    rates = [0.001 * (n + 1) for n in range(100)]  # more than will be trained
    config = write_study(tmp_path, search={"space": {"learning_rate": rates}}, training={"epochs": 1})
    hosts.driver().begin(config, pause=0.6)
    until(lambda: len(hosts.running()) == 1, "a segment")
    hosts.standalone.add_worker()
    hosts.standalone.until_alive(2)
    until(lambda: len({s.trial for s in hosts.running()}) == 2, "two trials at once", SECONDS)
    until(lambda: under_way_at_launch(config)[-1] == 4, "as many again that wait", SECONDS)
    segment = hosts.running()[0]
    signal_all(hosts.host_of(segment), signal.SIGKILL)
    launched = len(under_way_at_launch(config))
    until(lambda: 2 in under_way_at_launch(config)[launched:], "launches for one slot", SECONDS)
    launched = len(under_way_at_launch(config))
    until(lambda: segment.trial in {t for t, _ in segments_recorded(config)}, "its trial")
    until(lambda: len(under_way_at_launch(config)) > launched + 1, "more launches")
    assert max(under_way_at_launch(config)[launched:]) <= 2
    results = [event["result"]["trial"] for event in events(config, "result")]
    assert len(results) == len(set(results))
    hosts.driver().kill()


@pytest.mark.fault("speculation: copies of slow tasks run beside them, and one result counts")
def test_one_of_two_copies_counts(hosts: Cluster, tmp_path: Path, only_at_full_length: None) -> None:
    hosts.standalone.add_worker()
    hosts.standalone.until_alive(2)
    config = write_study(
        tmp_path, search={"space": {"neurons": [2]}}, resources={"segment_seconds": 1e-6, "parallelism": 1}
    )
    hosts.driver().begin(config, pause=2)
    until(lambda: len({s.process for s in hosts.running()}) == 2, "a copy")
    one, other = hosts.running()
    assert (one.trial, one.start) == (other.trial, other.start)
    hosts.driver().wait()
    assert_recorded_once(config, 1)
    assert_no_epoch_twice(config)
    assert_shown_once(config, 1)
