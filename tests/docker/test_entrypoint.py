"""What containers start with: docker/entrypoint.sh, docker/gpus.sh and the images' files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCKER = Path(__file__).parents[2] / "docker"
SHOW = '#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done\n'
EXECUTOR = {
    "SPARK_JAVA_OPT_0": "-Dfirst=with a space",
    "SPARK_JAVA_OPT_1": "-Dsecond=2",
    "SPARK_JAVA_OPT_10": "-Dno=eleventh without a third",
    "SPARK_EXECUTOR_MEMORY": "1g",
    "SPARK_DRIVER_URL": "spark://CoarseGrainedScheduler@driver:7078",
    "SPARK_EXECUTOR_ID": "7",
    "SPARK_EXECUTOR_CORES": "2",
    "SPARK_APPLICATION_ID": "spark-1",
    "SPARK_EXECUTOR_POD_IP": "10.0.0.7",
    "SPARK_RESOURCE_PROFILE_ID": "0",
    "SPARK_EXECUTOR_POD_NAME": "exec-7",
}


def run(folder: Path, script: str, *arguments: str, **environment: str) -> list[str]:
    """Run a script of docker/ where java, spark-submit and nvidia-smi only show their arguments."""
    for name in ("bin/java", "spark-submit"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(SHOW)
        (folder / name).chmod(0o755)
    done = subprocess.run(
        [DOCKER / script, *arguments],
        env={
            "PATH": f"{folder}:/usr/bin:/bin",
            "JAVA_HOME": str(folder),
            "SPARK_HOME": "/spark",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_executor_is_started_as_spark_asks(tmp_path: Path) -> None:
    words = run(tmp_path, "entrypoint.sh", "executor", **EXECUTOR, SPARK_CLASSPATH="/extra/*")
    assert words[:6] == [
        "-Dfirst=with a space",
        "-Dsecond=2",
        "-Xms1g",
        "-Xmx1g",
        "-cp",
        "/extra/*:/spark/conf:/spark/jars/*",
    ]
    assert words[6].endswith(".KubernetesExecutorBackend")
    assert dict(zip(words[7::2], words[8::2], strict=True)) == {
        "--driver-url": "spark://CoarseGrainedScheduler@driver:7078",
        "--executor-id": "7",
        "--cores": "2",
        "--app-id": "spark-1",
        "--hostname": "10.0.0.7",
        "--resourceProfileId": "0",
        "--podName": "exec-7",
    }


def test_a_driver_submits_in_its_own_container(tmp_path: Path) -> None:
    words = run(tmp_path, "entrypoint.sh", "driver", "job.py", "a b", SPARK_DRIVER_BIND_ADDRESS="10.0.0.3")
    assert words[:2] == ["--deploy-mode", "client"]
    assert "spark.driver.bindAddress=10.0.0.3" in words
    assert words[-2:] == ["job.py", "a b"]


def test_anything_else_is_a_command(tmp_path: Path) -> None:
    assert run(tmp_path, "entrypoint.sh", "printf", "%s", "a b") == ["a b"]


@pytest.mark.parametrize(("indices", "addresses"), [("0", '"0"'), ("0\\n1\\n3", '"0","1","3"')])
def test_spark_is_told_the_gpus(tmp_path: Path, indices: str, addresses: str) -> None:
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\nprintf '{indices}\\n'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert run(tmp_path, "gpus.sh") == [f'{{"name": "gpu", "addresses": [{addresses}]}}']


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_an_image_s_file_has_no_fault_that_its_linter_knows(name: str) -> None:
    linter = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([linter, "--no-color", DOCKER / name], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_an_image_is_pinned_compiled_and_not_run_by_root(name: str) -> None:
    text = (DOCKER / name).read_text(encoding="utf-8").replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "pip install" in line and "--no-deps" not in line]
    assert installs
    assert all("--constraint" in line and "--no-compile" in line for line in installs)
    assert "compileall" in text
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1] == "1000"


def test_what_an_image_copies_is_sent_to_the_builder() -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for name in line.split()[:-1]
    }
    lines = (DOCKER.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert copied == sent
    assert all((DOCKER.parent / name).exists() for name in copied)
