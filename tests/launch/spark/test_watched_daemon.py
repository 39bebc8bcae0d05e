"""Each worker's parent notes how it ended, before the worker's socket is closed."""

import os
import subprocess
import sys
from pathlib import Path

from sparktune.launch.memory import NO_MEMORY

DAEMON = """
import faulthandler, os, signal, socket, sys
from pathlib import Path
from sparktune.launch.spark.watched_daemon import watched

folder = Path(sys.argv[1])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
ours, theirs = socket.socketpair()
if watched(os.fork, folder)() == 0:
    ours.close()
    theirs.sendall(os.getpid().to_bytes(4, "big"))
    exec(sys.argv[2])
    os._exit(0)
theirs.close()
worker = int.from_bytes(ours.recv(4, socket.MSG_WAITALL), "big")
assert ours.recv(1) == b""
print((folder / str(worker)).read_text())
"""


def report(folder: Path, work: str, group: Path | None = None) -> list[str]:
    """What is there when the socket of a worker that does this has been closed.

    `group` lists the members of the control group that the daemon and its workers run in.
    """
    command = [sys.executable, "-c", DAEMON, str(folder), work]
    join = None if group is None else lambda: group.write_text(str(os.getpid()))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=join)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_end_stands_before_the_stack(tmp_path: Path) -> None:
    crash = "faulthandler.enable((folder / str(os.getpid())).open('w')); faulthandler._sigsegv()"
    end, error, *stack = report(tmp_path, crash)
    assert end == "the Python worker was killed by SIGSEGV"
    assert error == "Fatal Python error: Segmentation fault"
    assert any('File "<string>"' in line for line in stack)


def test_what_a_worker_forks_is_its_own(tmp_path: Path) -> None:
    child = "os.fork() or os._exit(4); os._exit(3)"
    assert report(tmp_path, child) == ["the Python worker exited with code 3"]
    assert len([*tmp_path.iterdir()]) == 1


def test_what_the_kernel_kills_for_want_of_memory_is_told_so(tmp_path: Path, little_memory: Path) -> None:
    eat = "bytearray(b'1') * 10**9"
    assert report(tmp_path, eat, little_memory) == ["the Python worker was killed by SIGKILL", NO_MEMORY]


def test_a_kill_for_want_of_memory_elsewhere_is_not_the_workers(tmp_path: Path, little_memory: Path) -> None:
    hog = f"Path('{little_memory}').write_text(str(os.getpid())); bytearray(b'1') * 10**9"
    killed = (
        f"child = os.fork()\nif not child: {hog}\nos.waitpid(child, 0); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert report(tmp_path, killed) == ["the Python worker was killed by SIGKILL"]
