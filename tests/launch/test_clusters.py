"""SparkLauncher on a cluster of two hosts with GPUs: on_cluster.py, and a session of speculation."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launch.standalone import standalone_cluster

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A standalone master with two hosts, each with two cores and two GPUs."""
    script = tmp_path_factory.mktemp("gpus") / "gpus"
    script.write_text("""#!/bin/sh\necho '{"name": "gpu", "addresses": ["7", "3"]}'\n""")
    script.chmod(0o755)
    gpu = "-Dspark.worker.resource.gpu"
    options = f"{gpu}.amount=2 {gpu}.discoveryScript={script}"
    with standalone_cluster(workers=2, cores=2, options=options, apart=True) as url:
        yield url


def run(*arguments: str, **environment: str) -> str:
    """Run Python in a process of its own until its end; gives what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=450,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    return done.stdout


SPECULATION = """
import json, sys
from pyspark.sql import SparkSession
from sparktune.errors import LaunchError
from tests.launch.contract import launched, launched_together, trial
from tests.launch.quick_java import quick_java
from tests.launch.spark_contract import launch_on

settings = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.extraJavaOptions": quick_java(),
    "spark.executor.cores": "1",
    "spark.cores.max": "2",  # one on each host, as copies run on others
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
try:
    launch_on(spark, gpus=1.0)
except LaunchError as refusal:
    print(refusal)
print(*(result.error for result in results))
print(json.dumps([[result.trial, result.state, result.attempt] for result in results]))
"""


@pytest.mark.fault("speculation: a copy of several trials does not answer first")
def test_a_speculative_copy_of_several_trials_does_not_answer_before_the_original(
    master: str, tmp_path: Path
) -> None:
    """Nor are GPUs granted to this session, which has asked for none."""
    printed = run("-c", SPECULATION, str(tmp_path), master)
    assert json.loads(printed.splitlines()[-1]) == [[0, "COMPLETE", 1], [1, "COMPLETE", 1]], printed
    attempts = [line.split()[0] for line in (tmp_path / "0").read_text().splitlines()]
    assert sorted(attempts) == ["1", "2"]  # the copy did run
    assert "resources.gpus must be 0 or what Spark can grant, but got 1: the executors have none" in printed


def test_the_contracts_hold(master: str) -> None:
    printed = run("-m", "pytest", "-p", "no:cacheprovider", "tests/launch/on_cluster.py", MASTER=master)
    assert " passed" in printed
