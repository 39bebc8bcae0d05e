"""Settings of Spark with which trials would hang, starve or be lost."""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, final

from sparktune.errors import LaunchError
from sparktune.finding import Finding, Level
from sparktune.spec import StudySpec

if TYPE_CHECKING:
    from pyspark import SparkContext

log = logging.getLogger("sparktune")
UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1, "": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
OVERHEAD = 2**30  # bytes of a Python worker with TensorFlow and a small model
# The share of an executor's heap that Spark adds to it; on Kubernetes its driver sets the second key.
OVERHEAD_FACTORS = ("spark.executor.memoryOverheadFactor", "spark.kubernetes.memoryOverheadFactor")
OVERHEAD_FACTOR = "0.1"


@final
@dataclass(frozen=True)
class SparkSettings:
    """The master of a Spark context and its options, as texts, by name."""

    master: str
    options: Mapping[str, str]

    @classmethod
    def of(cls, context: "SparkContext") -> Self:
        """Those of a context that runs."""
        return cls(str(context.master), dict(context.getConf().getAll()))

    @property
    def local(self) -> bool:
        """Whether trials run in the driver's JVM: Spark knows one thread for each task there, and no GPUs."""
        return self.master == "local" or self.master.startswith("local[")

    def is_on(self, name: str, default: bool = False) -> bool:
        """Whether an option is true."""
        return self.options.get(name, str(default)).strip().lower() == "true"

    def size(self, name: str, default: str, unit: str = "") -> int:
        """An option in bytes, such as 1g; a number alone counts in the unit."""
        number, suffix = _split(self.options.get(name, default))
        return int(number * UNITS[(suffix or unit).removesuffix("b") or ""])

    def seconds(self, name: str, default: str) -> float:
        """An option in seconds, such as 10s or 2min."""
        number, suffix = _split(self.options.get(name, default))
        return number * SECONDS[suffix]


def check_settings(settings: SparkSettings, spec: StudySpec) -> None:
    """Refuse settings with which no trial could run, and warn of those that cost something.

    Raises:
        LaunchError: names each of them, and what to set instead.
    """
    found = [*setting_findings(settings, spec)]
    for finding in found:
        if finding.level is Level.WARNING:
            log.warning(finding.text)
    if errors := [finding.text for finding in found if finding.level is Level.ERROR]:
        raise LaunchError("; ".join(errors))


def setting_findings(settings: SparkSettings, spec: StudySpec) -> Iterator[Finding]:
    """What is wrong with the settings for this study; nothing where all is well."""
    for check in CHECKS:
        yield from check(settings, spec)


def _gpus_in_local_mode(settings: SparkSettings, spec: StudySpec) -> Iterator[Finding]:
    for name, value in settings.options.items():
        if settings.local and re.fullmatch(r"spark\.task\.resource\.\w+\.amount", name) and float(value) > 0:
            yield Finding(
                Level.ERROR,
                f"{name} must not be set for master {settings.master}, where Spark has none to grant, so "
                f"that each job waits for ever, but is {value}; remove it, or use a cluster",
            )


def _pinned_threads(settings: SparkSettings, spec: StudySpec) -> Iterator[Finding]:
    if os.environ.get("PYSPARK_PIN_THREAD", "true").lower() != "true":
        yield Finding(
            Level.ERROR,
            "PYSPARK_PIN_THREAD must be true, as each job is described in its own thread, but is "
            f"{os.environ['PYSPARK_PIN_THREAD']}; unset it",
        )


def _idle_workers(settings: SparkSettings, spec: StudySpec) -> Iterator[Finding]:
    name = "spark.python.worker.idleTimeoutSeconds"
    idle, segment = settings.seconds(name, "0"), spec.resources.segment_seconds
    if not settings.is_on("spark.python.worker.killOnIdleTimeout") or idle <= 0:
        return
    way = "set spark.python.worker.killOnIdleTimeout=false"
    if idle <= segment:
        text = (
            f"{name} must be above resources.segment_seconds {segment:g}, or Spark kills workers that train"
        )
        yield Finding(Level.ERROR, f"{text}, but is {idle:g}; {way}")
    else:
        text = f"Spark kills a worker whose segment takes longer than {name} {idle:g}, one epoch at least"
        yield Finding(Level.WARNING, f"{text}; {way}")


def _excluded_executors(settings: SparkSettings, spec: StudySpec) -> Iterator[Finding]:
    kinds = ("", "application.", "taskAndStage.")
    names = [f"spark.excludeOnFailure.{kind}enabled" for kind in kinds]
    for name in names:
        if settings.is_on(name) and not settings.local:
            yield Finding(
                Level.WARNING,
                f"with {name} an executor gets no more tasks after a trial has ended its worker, and a study "
                f"without executors waits; set {name}=false",
            )


def _checkpoints(settings: SparkSettings, spec: StudySpec) -> Iterator[Finding]:
    limit = spec.output.checkpoint_limit
    message = settings.size("spark.rpc.message.maxSize", "128", unit="m")
    if limit >= message and not settings.local:
        yield Finding(
            Level.ERROR,
            f"spark.rpc.message.maxSize must be above output.checkpoint_limit, {limit} bytes, as checkpoints "
            f"are sent with their tasks, but is {message} bytes; raise it (it counts MiB) or lower the limit",
        )
    result = settings.size("spark.driver.maxResultSize", "1g")
    if 0 < result <= limit:
        yield Finding(
            Level.WARNING,
            f"spark.driver.maxResultSize should be above output.checkpoint_limit, {limit} bytes, or larger "
            f"checkpoints are not kept, but is {result} bytes; raise it",
        )


def _new_workers(settings: SparkSettings, spec: StudySpec) -> Iterator[Finding]:
    if not settings.is_on("spark.python.worker.reuse", default=True):
        yield Finding(
            Level.WARNING,
            "with spark.python.worker.reuse=false each job loads TensorFlow, traces its graphs and reads the "
            "data again; set it to true",
        )


def _python_memory(settings: SparkSettings, spec: StudySpec) -> Iterator[Finding]:
    name = "spark.executor.pyspark.memory"
    if name in settings.options and (size := settings.size(name, "0", unit="m")) < 2 * OVERHEAD:
        yield Finding(
            Level.WARNING,
            f"{name} bounds what an executor's Python workers can address, and TensorFlow takes much "
            f"more than it uses; it should be {2 * OVERHEAD} bytes or more, but is {size}; raise or remove "
            "it and bound each trial with resources.memory",
        )


def _container_memory(settings: SparkSettings, spec: StudySpec) -> Iterator[Finding]:
    if not settings.master.startswith(("yarn", "k8s")):
        return
    name = "spark.executor.memoryOverhead"
    size = settings.size(name, "0", unit="m") if name in settings.options else _computed_overhead(settings)
    slots = max(1, int(settings.options.get("spark.executor.cores", "1")) // spec.resources.cpus)
    if size < slots * OVERHEAD:
        yield Finding(
            Level.WARNING,
            f"{name} holds an executor's Python workers; it should be {slots * OVERHEAD} bytes or more, for "
            f"{slots} trials at once, but is {size}, more is killed by the cluster; raise it",
        )


def _computed_overhead(settings: SparkSettings) -> int:
    """Bytes beside the heap that Spark asks for where spark.executor.memoryOverhead is not set."""
    keys = OVERHEAD_FACTORS if settings.master.startswith("k8s") else OVERHEAD_FACTORS[:1]
    factor = next((settings.options[key] for key in keys if key in settings.options), OVERHEAD_FACTOR)
    heap = settings.size("spark.executor.memory", "1g", unit="m")
    return max(settings.size("spark.executor.minMemoryOverhead", "384m", unit="m"), int(heap * float(factor)))


Check = Callable[[SparkSettings, StudySpec], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    _gpus_in_local_mode,
    _pinned_threads,
    _idle_workers,
    _excluded_executors,
    _checkpoints,
    _new_workers,
    _python_memory,
    _container_memory,
)


def _split(text: str) -> tuple[float, str]:
    """The number and the unit of an option."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([a-z]*)\s*", text.lower())
    return (float(found[1]), found[2]) if found else (0.0, "")
