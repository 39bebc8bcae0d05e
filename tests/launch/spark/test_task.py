"""The task in Spark's Python workers: how it leaves them, and copies of it that run beside it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from pyspark import SparkFiles
from pyspark.sql import SparkSession

from sparktune.launch import SparkLauncher
from sparktune.launch.memory import GROWTH
from sparktune.launch.spark.task import environment_restored, temporary_files_of_spark
from sparktune.temporary import HOST, host_folder
from sparktune.trial import TrialState
from tests.launch.contract import PATIENCE, facts, launched, trial, until
from tests.launch.spark_contract import launch_on
from tests.launch.standalone import standalone_cluster

ROOT = Path(__file__).parents[3]


def environments(spark: SparkSession) -> dict[int, dict[str, str]]:
    """The variables of each Python worker that a few tasks meet."""
    rows = spark.sparkContext.parallelize([0], 1).map(lambda _: (os.getpid(), dict(os.environ)))
    return dict(rows.collect()[0] for _ in range(6))


def process_of(launcher: SparkLauncher, number: int, **params: object) -> int:
    result = launched(launcher, trial(number, **{"do": "value", **params})).result(PATIENCE)
    assert (result.state, result.attempt) == (TrialState.COMPLETE, 1)
    return int(facts(result)["process"])


def test_other_tasks_see_the_environment_as_it_was(spark: SparkSession) -> None:
    before = environments(spark)
    with launch_on(spark) as launcher:
        used = {process_of(launcher, number) for number in range(6)}
    after = environments(spark)
    both = before.keys() & after.keys() & used
    assert both, "no worker was met before, by a trial and after"
    assert all(before[process] == after[process] for process in both)


def test_the_environment_is_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("CHANGED", "1")
    monkeypatch.delenv("ADDED", raising=False)
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), environment_restored():
        os.environ.update(CHANGED="2", ADDED="3")
        del os.environ["KEPT"]
        _ = 1 / 0
    assert dict(os.environ) == before


def test_temporary_files_lie_where_spark_removes_them(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(HOST, raising=False)
    before = tempfile.gettempdir()
    with environment_restored(), temporary_files_of_spark():
        assert tempfile.gettempdir() == SparkFiles.getRootDirectory()
        assert host_folder() == Path(before)
    assert tempfile.gettempdir() == before


def test_a_worker_that_has_outgrown_its_bound_is_replaced_and_fails_nothing(spark: SparkSession) -> None:
    with launch_on(spark, parallelism=1) as launcher:
        for number in range(4):  # each worker that waits has had its first trial then
            process_of(launcher, number)
        grown = process_of(launcher, 4, do="grow", bytes=GROWTH + 2**26)
        later = {process_of(launcher, number) for number in range(5, 11)}
    assert grown not in later
    until(lambda: not Path(f"/proc/{grown}").exists())


SPECULATION = """
import json, sys
from pyspark.sql import SparkSession
from tests.launch.contract import launched, launched_together, trial
from tests.launch.quick_java import quick_java
from tests.launch.spark_contract import launch_on

settings = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": quick_java(),
    "spark.executor.extraJavaOptions": quick_java(),
    "spark.executor.memory": "512m",
    "spark.log.level": "OFF",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.speculation": "true",
    "spark.speculation.interval": "100ms",
    "spark.speculation.task.duration.threshold": "1s",
}
builder = SparkSession.builder.master(sys.argv[2])
for key, value in settings.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
folder = sys.argv[1]
with launch_on(spark) as launcher:
    warm = [launched(launcher, trial(9 + n, do="value")) for n in range(2)]
    assert all(future.result(120) for future in warm)
    asked = [trial(n, do=do, log=f"{folder}/{n}") for n, do in enumerate(("copied", "value"))]
    results = [future.result(120) for future in launched_together(launcher, asked)]
print(*(result.error for result in results))
print(json.dumps([[result.trial, result.state, result.attempt] for result in results]))
"""


@pytest.mark.fault("speculation: a copy of several trials does not answer first")
def test_a_speculative_copy_of_several_trials_does_not_answer_before_the_original(tmp_path: Path) -> None:
    with standalone_cluster(workers=2, apart=True) as master:  # Spark makes copies on other hosts only
        done = subprocess.run(
            [sys.executable, "-c", SPECULATION, str(tmp_path), master],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr[-5000:]
    assert json.loads(done.stdout.splitlines()[-1]) == [[0, "COMPLETE", 1], [1, "COMPLETE", 1]], done.stdout
    attempts = [line.split()[0] for line in (tmp_path / "0").read_text().splitlines()]
    assert attempts == ["1", "2"]  # the copy did run
