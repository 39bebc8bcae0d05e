"""What a cluster can run at once: local mode here, the others in on_cluster.py."""

import pytest
from pyspark.sql import SparkSession

from sparktune.errors import LaunchError
from sparktune.launch.spark.cluster import RESULT_OVERHEAD, Cluster
from sparktune.spec import StudySpec


def cluster(spark: SparkSession, **resources: object) -> Cluster:
    spec = StudySpec.model_validate({"search": {"space": {"neurons": [1]}}, "resources": resources})
    return Cluster(spark.sparkContext, spec.resources)


@pytest.mark.parametrize(
    ("resources", "slots", "in_flight"),
    [
        ({}, 2, 3),  # Spark holds back what does not fit: one more waits
        ({"parallelism": 1}, 1, 1),
        ({"parallelism": 2}, 2, 3),
        ({"parallelism": 50}, 2, 3),
        (
            {"cpus": 2},
            1,
            1,
        ),  # a task takes one thread of two here, whatever the trial takes: nothing may wait
    ],
)
def test_slots_and_what_may_wait(spark: SparkSession, resources: dict, slots: int, in_flight: int) -> None:
    found = cluster(spark, **resources)
    assert (found.slots(), found.max_in_flight()) == (slots, in_flight)


def test_what_it_knows_of_the_session(spark: SparkSession) -> None:
    found = cluster(spark)
    assert found.local
    assert found.alive()
    assert not found.speculation
    assert found.result_limit() == 2**30 - RESULT_OVERHEAD
    assert found.source.collect() == [None]
    assert found.source_of([b"data"]).collect() == [[b"data"]]


def test_a_trial_that_fits_nowhere_is_refused(spark: SparkSession) -> None:
    with pytest.raises(
        LaunchError, match=r"^a trial of resources.cpus=3, .* must fit into one executor.*lower"
    ):
        cluster(spark, cpus=3)


def test_gpus_are_refused_in_local_mode(spark: SparkSession) -> None:
    with pytest.raises(
        LaunchError, match=r"resources.gpus must be 0 .* but got 2: Spark grants no GPUs in local"
    ):
        cluster(spark, gpus=2)
