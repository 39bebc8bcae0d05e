"""docker/kubernetes: manifests against the types of their API, and what spark-submit asks a cluster for."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubeflow_spark_api.models import (
    IoK8sApiCoreV1PodTemplateSpec,
    SparkV1beta2SparkApplication,
)

from tests.docker.containers import ROOT, image_environment
from tests.docker.kubernetes import Kubernetes, kubernetes
from tests.launch.quick_java import quick_java

FOLDER = ROOT / "docker" / "kubernetes"
# Where the SparkApplication says what is a setting of Spark elsewhere.
PLACES = {
    "driver.serviceAccount": "spark.kubernetes.authenticate.driver.serviceAccountName",
    "driver.cores": "spark.driver.cores",
    "driver.memory": "spark.driver.memory",
    "driver.memoryOverhead": "spark.driver.memoryOverhead",
    "executor.cores": "spark.executor.cores",
    "executor.memory": "spark.executor.memory",
    "executor.memoryOverhead": "spark.executor.memoryOverhead",
    "dynamicAllocation.enabled": "spark.dynamicAllocation.enabled",
    "dynamicAllocation.shuffleTrackingEnabled": "spark.dynamicAllocation.shuffleTracking.enabled",
    "dynamicAllocation.initialExecutors": "spark.dynamicAllocation.initialExecutors",
    "dynamicAllocation.minExecutors": "spark.dynamicAllocation.minExecutors",
    "dynamicAllocation.maxExecutors": "spark.dynamicAllocation.maxExecutors",
}
OF_SUBMITTING = {"spark.kubernetes.submission.waitAppCompletion"}  # the operator's own affair


def application(gpu: bool = False) -> dict[str, Any]:
    """The SparkApplication; for GPUs with its patch, merged as kustomize does."""
    (plain,) = read(FOLDER / "operator" / "sparkapplication.yaml")
    return merged(plain, read(FOLDER / "gpu" / "patch.yaml")[0]) if gpu else plain


def read(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def merged(document: Any, patch: Any) -> Any:
    """Maps are merged, anything else is replaced."""
    if not (isinstance(document, dict) and isinstance(patch, dict)):
        return patch
    return document | {name: merged(document.get(name), value) for name, value in patch.items()}


def settings(application: dict[str, Any]) -> dict[str, str]:
    """All settings of Spark that a SparkApplication makes."""
    spec = application["spec"]
    found = {name: spec[place.split(".")[0]][place.split(".")[1]] for place, name in PLACES.items()}
    return dict(spec["sparkConf"]) | {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in found.items()
    }


def properties() -> dict[str, str]:
    lines = (FOLDER / "spark.properties").read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    return {name: value for name, value in pairs if name not in OF_SUBMITTING}


def unknown(given: Any, known: Any, place: str = "") -> list[str]:
    """Fields that a document has and its type does not: what the types have read, they write again."""
    if isinstance(given, dict):
        have = known if isinstance(known, dict) else {}
        return [name for key in given for name in unknown(given[key], have.get(key), f"{place}.{key}")] or (
            [] if isinstance(known, dict) else [place]
        )
    if isinstance(given, list):
        pairs = zip(given, known or [None] * len(given), strict=True)
        return [name for one, other in pairs for name in unknown(one, other, f"{place}[]")]
    return [] if given == known else [place]


@pytest.mark.parametrize("gpu", [False, True])
def test_the_application_has_the_types_of_the_operator(gpu: bool) -> None:
    given = application(gpu)
    read_back = SparkV1beta2SparkApplication.from_dict(given)
    assert read_back is not None
    assert unknown(given, read_back.to_dict()) == []


def test_a_field_that_the_operator_does_not_know_is_found() -> None:
    given = merged(application(), {"spec": {"driver": {"memoryLimits": "1g"}, "executors": {"cores": 1}}})
    read_back = SparkV1beta2SparkApplication.from_dict(given)
    assert read_back is not None
    assert set(unknown(given, read_back.to_dict())) == {".spec.driver.memoryLimits", ".spec.executors.cores"}


@pytest.mark.parametrize("name", ["driver-pod.yaml", "executor-pod.yaml"])
def test_a_pod_s_template_has_the_types_of_kubernetes(name: str) -> None:
    (pod,) = read(FOLDER / name)
    read_back = IoK8sApiCoreV1PodTemplateSpec.from_dict({"spec": pod["spec"]})
    assert read_back is not None
    assert unknown({"spec": pod["spec"]}, read_back.to_dict()) == []


def test_what_is_set_up_has_the_names_that_are_used() -> None:
    made = {document["kind"]: document["metadata"]["name"] for document in read(FOLDER / "setup.yaml")}
    assert set(made) == {"ServiceAccount", "Role", "RoleBinding", "PersistentVolumeClaim"}
    assert properties()["spark.kubernetes.authenticate.driver.serviceAccountName"] == made["ServiceAccount"]
    claims = {value for name, value in properties().items() if name.endswith("claimName")}
    assert claims == {made["PersistentVolumeClaim"]}
    assert application()["spec"]["driver"]["serviceAccount"] == made["ServiceAccount"]


def test_both_ways_have_the_same_settings() -> None:
    assert settings(application()) == properties()
    import pyspark

    assert application()["spec"]["sparkVersion"] == pyspark.__version__


@pytest.mark.parametrize("folder", ["operator", "gpu"])
def test_kustomize_names_files_that_exist(folder: str) -> None:
    (found,) = read(FOLDER / folder / "kustomization.yaml")
    for name in [*found.get("resources", []), *(patch["path"] for patch in found.get("patches", []))]:
        assert (FOLDER / folder / name).exists()


def submit(cluster: Kubernetes, *options: str) -> None:
    """Run submit.sh against the cluster."""
    done = subprocess.run(
        [FOLDER / "submit.sh", *options],
        env={
            **image_environment(cluster.folder),
            "SPARK_SUBMIT_OPTS": quick_java(),
            "MASTER": cluster.address,
            "IMAGE": "registry.example/sparktune",
            "NAMESPACE": "learning",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_spark_asks_the_cluster_for_the_driver_of_the_study(tmp_path: Path) -> None:
    with kubernetes(tmp_path) as cluster:
        submit(cluster, "--gpu", "--timeout", "60")
        pod, settings_given = cluster.first("Pod", "driver")["spec"], cluster.settings()
    (container,) = pod["containers"]
    assert container["image"] == "registry.example/sparktune"
    job = container["args"].index("local:///opt/sparktune/share/sparktune/jobs/tune.py")
    options = container["args"][job + 1 :]
    assert options[:4] == ["--set", "resources.gpus=1", "--timeout", "60"]
    assert options[4:6] == ["--config", "/study/study.yaml"]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/study", "/workspace"}
    assert pod["serviceAccountName"] == "sparktune"
    assert settings(application(gpu=True)).items() <= settings_given.items()
    assert settings_given["spark.kubernetes.namespace"] == "learning"


def test_the_driver_and_its_executors_train_the_study(tmp_path: Path) -> None:
    """By the commands of their containers, with Spark's own scheduler for Kubernetes."""
    smaller = ("--set", "search.space.neurons=[8]", "--set", "training.epochs=2")
    with kubernetes(tmp_path) as cluster:
        submit(cluster, "--offline", *smaller)
        assert "4 COMPLETE" in cluster.run_driver()
        executor = cluster.first("Pod", "executor")
        assert "Finished task" in cluster.log(executor)
    summary = json.loads((tmp_path / "workspace" / "studies" / "iris" / "summary.json").read_text())
    assert summary["states"] == {"COMPLETE": 4}
    assert executor["spec"]["securityContext"]["fsGroup"] == 1000
    (container,) = executor["spec"]["containers"]
    assert "/workspace" in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert container["resources"]["limits"]["memory"] == "4096Mi", "a heap of 1 GB and 3 GB beside it"
