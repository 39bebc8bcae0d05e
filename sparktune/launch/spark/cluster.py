"""How many trials a Spark cluster can run at once, and what each of them is granted."""

import time
from typing import TYPE_CHECKING, Any, final

from sparktune.errors import LaunchError
from sparktune.launch.spark.settings import SparkSettings
from sparktune.spec import ResourcesSpec

if TYPE_CHECKING:
    from pyspark import RDD, SparkContext

PATIENCE = 10.0
MOST_ATTEMPTS = 1000
RESULT_OVERHEAD = 64 * 1024
LARGEST_RESULT = 2**31 - 1


@final
class Cluster:
    """One context's executors, seen through the resources of one trial.

    In local mode Spark knows one thread per task, so trials of several cores are limited by `slots` alone;
    elsewhere a resource profile of the task makes Spark hold the cores (and the GPUs) back.

    Attributes:
        local: whether the master is `local[N]`.
        speculation: whether Spark may run a copy of a task that takes long.
        source: an RDD of one row, None, in one partition, with that profile: each trial's job maps it.

    Raises:
        LaunchError: no executor could ever hold such a trial.
    """

    def __init__(self, context: "SparkContext", resources: ResourcesSpec) -> None:
        self._context = context
        self._resources = resources
        self._settings = settings = SparkSettings.of(context)
        self.local = settings.local
        self.speculation = not self.local and settings.is_on("spark.speculation")
        self._dynamic = settings.is_on("spark.dynamicAllocation.enabled")
        self._task_cpus = int(settings.options.get("spark.task.cpus", "1"))
        if resources.gpus:
            self._check_gpus()
        self._profile = self._special_profile()
        try:
            self.source: RDD[Any] = self.source_of(None)
        except Exception as error:  # noqa: BLE001 - Spark's refusals come as several Py4J types
            raise LaunchError(f"Spark refuses {self._demand()}: {str(error).splitlines()[-1]}") from None
        self._check_fit()

    def source_of(self, row: Any) -> "RDD[Any]":
        """Such an RDD with another row: the data of one task."""
        rows = self._context.parallelize([row], 1)
        return rows if self._profile is None else rows.withResources(self._profile)

    def slots(self) -> int:
        """Trials that fit now, at least 1 so that a cluster without executors yet is asked for some.

        Under dynamic allocation one round more than fits: Spark adds executors only while tasks wait.

        Raises:
            LaunchError: the context is gone.
        """
        fits = self._capacity() * (2 if self._dynamic else 1)
        return max(1, min(fits, self._resources.parallelism or fits))

    def max_in_flight(self) -> int:
        """Tasks to keep under way: where Spark itself holds back what does not fit, a quarter more wait.

        Raises:
            LaunchError: the context is gone.
        """
        slots, bound = self.slots(), self._resources.parallelism
        if bound is not None and self._dynamic:
            return bound
        limited = self.local and self._resources.cpus > self._task_cpus
        if limited or self._dynamic or (bound is not None and bound <= slots < self._capacity()):
            return slots
        return slots + max(1, slots // 4)

    def result_limit(self) -> int:
        """Bytes of a model that one job's result can carry."""
        limit = self._scala().conf().getSizeAsBytes("spark.driver.maxResultSize", "1g")
        return int(min(limit or LARGEST_RESULT, LARGEST_RESULT)) - RESULT_OVERHEAD

    def alive(self) -> bool:
        """Whether the driver's JVM and its context still stand."""
        try:
            return not self._scala().isStopped()
        except Exception:  # noqa: BLE001 - a dead JVM shows as OSError, Py4JError or AttributeError
            return False

    def errors_of_stage(self, stage: int) -> list[str]:
        """What Spark says of failed attempts at the one task of a stage; nothing where it forgot."""
        try:
            attempts = self._scala().statusStore().taskList(stage, 0, MOST_ATTEMPTS)
            errors = [attempts.apply(index).errorMessage() for index in range(attempts.size())]
            return [error.get() for error in errors if error.isDefined()]
        except Exception:  # noqa: BLE001 - a trial is only explained by it, or not blamed
            return []

    def errors_of_job(self, tag: str) -> list[str]:
        """`errors_of_stage` of the last job with this tag."""
        try:
            tracker = self._scala().statusTracker()
            job = tracker.getJobInfo(max(tracker.getJobIdsForTag(tag)))
            return self.errors_of_stage(max(job.get().stageIds()))
        except Exception:  # noqa: BLE001 - as above
            return []

    def _scala(self) -> Any:
        return self._context._jsc.sc()  # the Python API does not say how many tasks fit

    def _check_gpus(self) -> None:
        asked = f"resources.gpus must be 0 or what Spark can grant, but got {self._resources.gpus:g}"
        if self.local:
            raise LaunchError(
                f"{asked}: Spark grants no GPUs in local mode; use a cluster or set resources.gpus to 0"
            )
        if float(self._settings.options.get("spark.executor.resource.gpu.amount", "0")) <= 0:
            raise LaunchError(
                f"{asked}: the executors have none; give spark-submit --conf "
                "spark.executor.resource.gpu.amount=1 (and a discovery script) or set resources.gpus to 0"
            )

    def _special_profile(self) -> Any:
        """A task-only resource profile, or None where the cluster's default already says the same."""
        from pyspark.resource import ResourceProfileBuilder, TaskResourceRequests

        gpus = float(self._settings.options.get("spark.task.resource.gpu.amount", "0"))
        default = (self._task_cpus, gpus)
        if self.local or default == (self._resources.cpus, self._resources.gpus):
            return None
        requests = TaskResourceRequests().cpus(self._resources.cpus)
        if self._resources.gpus:
            requests.resource("gpu", self._resources.gpus)
        return ResourceProfileBuilder().require(requests).build

    def _check_fit(self) -> None:
        """Refuse what fits nowhere; executors still absent after PATIENCE get the benefit of the doubt."""
        deadline = time.monotonic() + (PATIENCE if self._profile is not None and not self._dynamic else 0)
        while not self._capacity() and not self._executors() and time.monotonic() < deadline:
            time.sleep(0.1)
        if self._executors() and not self._capacity():
            raise LaunchError(
                f"{self._demand()} must fit into one executor, but none is that large; lower "
                "resources.cpus or resources.gpus, or give executors more (spark.executor.cores, local[N])"
            )

    def _demand(self) -> str:
        return f"a trial of resources.cpus={self._resources.cpus}, resources.gpus={self._resources.gpus:g}"

    def _executors(self) -> int:
        """Executors at work now; in local mode the driver is one."""
        return int(self._scala().getExecutorMemoryStatus().size()) - (0 if self.local else 1)

    def _capacity(self) -> int:
        """Trials that fit into the executors at work now."""
        try:
            scala = self._scala()
            default = scala.resourceProfileManager().defaultResourceProfile()
            profile = default if self._profile is None else self._profile._java_resource_profile
            tasks = int(scala.maxNumConcurrentTasks(profile))
        except Exception as error:  # a dead JVM shows as OSError, Py4JError or AttributeError
            raise LaunchError(
                f"the Spark context is gone ({error}); run the same command again to resume"
            ) from error
        return tasks * self._task_cpus // self._resources.cpus if self.local else tasks
