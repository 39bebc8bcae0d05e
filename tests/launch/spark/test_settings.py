"""Settings of Spark with which trials would hang or be lost: refused or warned of before any job."""

import subprocess
import sys

import pytest
from pyspark.sql import SparkSession

from sparktune.errors import LaunchError
from sparktune.finding import Level
from sparktune.launch.spark.settings import SparkSettings, check_settings, setting_findings
from sparktune.spec import StudySpec

CLUSTER = "spark://host:7077"
SPEC = StudySpec()
FAULT = pytest.mark.fault("settings with which trials hang, starve or are lost: refused or warned of")
KILLED = {"spark.python.worker.killOnIdleTimeout": "true"}
FACTOR, ON_KUBERNETES = "spark.executor.memoryOverheadFactor", "spark.kubernetes.memoryOverheadFactor"
LEAST = "spark.executor.minMemoryOverhead"
IDLE = "spark.python.worker.idleTimeoutSeconds"


@FAULT
@pytest.mark.parametrize(
    ("master", "options", "level", "words"),
    [
        ("local[2]", {"spark.task.resource.gpu.amount": "1"}, Level.ERROR, "remove it, or use a cluster"),
        (CLUSTER, {**KILLED, IDLE: "30s"}, Level.ERROR, "above resources.segment_seconds 60"),
        (CLUSTER, {**KILLED, IDLE: "5min"}, Level.WARNING, "killOnIdleTimeout=false"),
        (
            CLUSTER,
            {"spark.excludeOnFailure.enabled": "true"},
            Level.WARNING,
            "excludeOnFailure.enabled=false",
        ),
        (CLUSTER, {"spark.rpc.message.maxSize": "32"}, Level.ERROR, "output.checkpoint_limit, 33554432"),
        (CLUSTER, {"spark.driver.maxResultSize": "16m"}, Level.WARNING, "but is 16777216 bytes; raise it"),
        (CLUSTER, {"spark.python.worker.reuse": "false"}, Level.WARNING, "set it to true"),
        (CLUSTER, {"spark.executor.pyspark.memory": "512m"}, Level.WARNING, "resources.memory"),
        ("yarn", {"spark.executor.cores": "4"}, Level.WARNING, "should be 4294967296 bytes or more"),
        ("k8s://host", {"spark.executor.memoryOverhead": "512"}, Level.WARNING, "but is 536870912"),
    ],
)
def test_each_is_named_with_the_way_out(
    master: str, options: dict[str, str], level: Level, words: str
) -> None:
    (found,) = setting_findings(SparkSettings(master, options), SPEC)
    assert found.level is level
    assert words in found.text
    assert next(reversed(options), "memoryOverhead").rpartition(".")[2] in found.text or master == "yarn"


@pytest.mark.parametrize(
    ("master", "options"),
    [
        ("local[2]", {}),
        (CLUSTER, {}),
        (CLUSTER, {"spark.task.resource.gpu.amount": "1", "spark.executor.resource.gpu.amount": "1"}),
        (CLUSTER, {IDLE: "30"}),
        (CLUSTER, {"spark.driver.maxResultSize": "0", "spark.python.worker.reuse": "TRUE"}),
        ("local[2]", {"spark.excludeOnFailure.enabled": "true", "spark.rpc.message.maxSize": "1"}),
        ("yarn", {"spark.executor.memoryOverhead": "2g"}),
        ("local[2]", {"spark.driver.maxResultSize": "1p"}),
    ],
)
def test_what_does_no_harm_is_not_named(master: str, options: dict[str, str]) -> None:
    assert [*setting_findings(SparkSettings(master, options), SPEC)] == []


@pytest.mark.parametrize(
    ("master", "options", "overhead"),
    [
        ("yarn", {}, 1024),
        ("yarn", {FACTOR: "0.3"}, 3072),
        ("yarn", {ON_KUBERNETES: "0.4"}, 1024),  # which is not read there
        ("yarn", {LEAST: "3g"}, 3072),
        ("k8s://host", {ON_KUBERNETES: "0.3"}, 3072),
        ("k8s://host", {FACTOR: "0.2", ON_KUBERNETES: "0.4"}, 2048),
        ("yarn", {FACTOR: "0.4"}, None),
        ("yarn", {LEAST: "4096"}, None),
        ("k8s://host", {ON_KUBERNETES: "0.4"}, None),
    ],
)
def test_what_spark_adds_to_a_heap_must_hold_each_trial(
    master: str, options: dict[str, str], overhead: int | None
) -> None:
    """Four trials beside a heap of 10 GiB; the expected MiB are too few for them, None is enough."""
    given = {"spark.executor.memory": "10g", "spark.executor.cores": "4", **options}
    texts = [found.text for found in setting_findings(SparkSettings(master, given), SPEC)]
    expected = [] if overhead is None else [f"for 4 trials at once, but is {overhead * 2**20}, more"]
    assert len(texts) == len(expected)
    assert all(part in text for part, text in zip(expected, texts, strict=True))


@FAULT
def test_jobs_that_are_described_in_no_thread_of_their_own_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYSPARK_PIN_THREAD", "false")
    with pytest.raises(LaunchError, match=r"PYSPARK_PIN_THREAD must be true.* but is false; unset it"):
        check_settings(SparkSettings(CLUSTER, {}), SPEC)


def test_those_of_a_session_are_read(spark: SparkSession) -> None:
    settings = SparkSettings.of(spark.sparkContext)
    assert settings.local
    assert settings.is_on("spark.python.worker.faulthandler.enabled")
    assert settings.size("spark.driver.maxResultSize", "1g") == 2**30
    check_settings(settings, SPEC)


HANGING = """
from pyspark.sql import SparkSession
from sparktune.errors import LaunchError
from sparktune.launch.spark.classic import SparkLauncher
from sparktune.launch.spark.session import open_session
from sparktune.spec import StudySpec

options = {"driver.host": "127.0.0.1", "driver.bindAddress": "127.0.0.1", "ui.enabled": "false"}
gpus = {"task.resource.gpu.amount": "1", "executor.resource.gpu.amount": "1"}
builder = SparkSession.builder.master("local[2]")
for name, value in {**options, **gpus}.items():
    builder = builder.config("spark." + name, value)
spark = builder.getOrCreate()
try:
    SparkLauncher(spark).start(StudySpec(), None)
except LaunchError as error:
    print(error)
java = spark.sparkContext._jvm
spark.stop()
java.System.setProperty("spark.task.cpus", "4000")
try:
    open_session()
except LaunchError as error:
    print(error)
"""


@FAULT
def test_a_session_whose_jobs_hang_is_refused_before_any_job() -> None:
    """And one that Spark refuses says so in a sentence."""
    done = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=120)
    hanging, refused, *_ = [*done.stdout.splitlines(), "", ""]
    assert "spark.task.resource.gpu.amount must not be set for master local[2]" in hanging, done.stderr
    assert "Spark does not start: " in refused and "cpus per task = 4000" in refused, done.stderr
