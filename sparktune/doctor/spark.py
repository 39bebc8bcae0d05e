"""Spark's settings, and how many trials run at once."""

from collections.abc import Iterator

from sparktune.doctor.case import Case
from sparktune.finding import Finding, Level
from sparktune.launch.local.launcher import local_slots
from sparktune.launch.spark.cluster import Cluster
from sparktune.launch.spark.settings import setting_findings
from sparktune.launch.spark.tables import disk_findings
from sparktune.spec import DataSpec, SplitSpec

NO_MASTER = (
    "no master is configured, so that trials run on this machine; to look at a cluster, run "
    "spark-submit --master MASTER jobs/doctor.py, or set SPARK_MASTER"
)


def check_spark(case: Case) -> Iterator[Finding]:
    """Whether Spark starts, and with which settings trials would hang, starve or be lost."""
    if not case.on_spark:
        if case.spec.resources.launcher == "auto":
            yield Finding(Level.OK, NO_MASTER)
        return
    context = case.session.sparkContext
    yield Finding(Level.OK, f"Spark {context.version}, master {context.master}")
    yield from setting_findings(case.settings, case.spec)


def check_disk(case: Case) -> Iterator[Finding]:
    """Whether the temporary folder has room for the tables and queries that a study reads; no row is read."""
    data = case.spec.data
    sections: list[DataSpec | SplitSpec] = [data, *data.splits.values()]
    for section in sections:
        if section.source in ("table", "query"):
            yield from disk_findings(case.session, section.table, section.query)


def check_slots(case: Case) -> Iterator[Finding]:
    """How many trials run at once."""
    resources = case.spec.resources
    cores = "1 core" if resources.cpus == 1 else f"{resources.cpus} cores"
    each = cores + (f" and {resources.gpus:g} GPUs" if resources.gpus else "")
    if case.on_spark:
        slots, where = Cluster(case.session.sparkContext, resources).slots(), "by Spark"
    else:
        slots, where = local_slots(resources), "in processes of this machine"
    yield Finding(Level.OK, f"{slots} trials at once {where}, each on {each}")
