"""Workers forked from the preloading daemon, in a session of their own as `open_session` makes it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOOK = """
import json, os, signal, sys
from sparktune.launch import open_session
from sparktune.spec import parse_spec

def look(_):
    with open("/proc/self/smaps_rollup") as file:
        private = sum(int(line.split()[1]) for line in file if line.startswith("Private"))
    return {"loaded": "tensorflow" in sys.modules, "private_mb": private / 1024, "pid": os.getpid()}

def die(_):
    os.kill(os.getpid(), signal.SIGKILL)

preload = json.loads(sys.argv[1])
spark = open_session(parse_spec({"search": {"space": {"neurons": [1]}}, "resources": {"preload": preload}}))
one = spark.sparkContext.parallelize([0], 1)
first = one.map(look).collect()[0]
try:
    one.map(die).collect()
except Exception:
    pass
second = one.map(look).collect()[0]
print(json.dumps([first, second]))
"""


def looked(preload: bool, **environment: str) -> list[dict]:
    """What two workers saw of themselves before they did anything; the one between them was killed."""
    command = [sys.executable, "-c", LOOK, json.dumps(preload)]
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "SPARK_MASTER": "local[1,1]", **environment}
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def preloaded() -> list[dict]:
    return looked(preload=True)


def test_workers_start_with_tensorflow_in_shared_memory(preloaded):
    first, second = preloaded
    assert first["loaded"] and second["loaded"]
    assert first["private_mb"] < 100
    assert second["private_mb"] < 100


def test_a_killed_worker_is_followed_by_a_fresh_fork(preloaded):
    assert preloaded[0]["pid"] != preloaded[1]["pid"]


def test_the_setting_turns_it_off():
    assert not any(worker["loaded"] for worker in looked(preload=False))


def test_without_a_sound_tensorflow_the_plain_daemon_serves(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no TensorFlow here')")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    assert not any(worker["loaded"] for worker in looked(True, PYTHONPATH=path))
