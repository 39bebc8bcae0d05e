"""SparkLauncher on clusters of several processes: on_cluster.py, once for each kind of master."""

import os
import subprocess
import sys
from pathlib import Path

from tests.launch.standalone import standalone_cluster

ROOT = Path(__file__).parents[2]


def run_contracts(work: Path, **environment: str) -> None:
    """Run on_cluster.py in a process of its own; Spark writes what it must below `work`."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/launch/on_cluster.py"]
    told = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "SPARK_WORKER_DIR": str(work), **environment},
        capture_output=True,
        text=True,
        timeout=450,
    )
    assert told.returncode == 0, told.stdout[-20_000:] + told.stderr[-5_000:]
    assert " passed" in told.stdout


def test_local_cluster(tmp_path: Path) -> None:
    run_contracts(tmp_path, MASTER="local-cluster[2,1,1024]", SLOTS="2")


def test_standalone_cluster_with_gpus(tmp_path: Path) -> None:
    script = tmp_path / "gpus"
    script.write_text("""#!/bin/sh\necho '{"name": "gpu", "addresses": ["7", "3"]}'\n""")
    script.chmod(0o755)
    gpu = "-Dspark.worker.resource.gpu"
    options = f"{gpu}.amount=2 {gpu}.discoveryScript={script}"
    with standalone_cluster(workers=2, cores=2, options=options) as url:
        run_contracts(tmp_path, MASTER=url, SLOTS="4", GPUS="2")
