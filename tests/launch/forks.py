"""Modules that forks run in the tests, and a stand-in that spares those without TensorFlow its import."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from subprocess import CompletedProcess

from sparktune.launch import ForkedCall
from sparktune.launch.forkserver.client import child_environment, fork

NO_TENSORFLOW = "raise ImportError('no TensorFlow here')"
MODULES = {
    "loaded": "import sys; print('tensorflow' in sys.modules)",
    "echo": "import sys; print(sys.stdin.read().upper())",
    "process": "import os; print(os.getpid(), os.getppid())",
    "silent": "",
    "broken": "raise ValueError('no such layer')",
    "leave": "import sys; sys.exit(int(sys.argv[1]))",
    "complain": "import sys; sys.exit('no such file')",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "vanish": "import os; os._exit(3)",
    "crash": "import ctypes; ctypes.string_at(0)",
    "detach": "import os, time\nif os.fork() == 0:\n    time.sleep(5)\nos._exit(4)",
    "chatty": """
import os
from sparktune.launch.forkserver.call import answer_alone
with answer_alone() as file:
    print("a word beside")
    os.write(1, b"another")
    file.write("the answer")
""",
    "answers": """
import os, sys, time
from sparktune.launch.forkserver.call import answer_alone
greeting = sys.stdin.readline().strip()
with answer_alone() as file:
    for line in sys.stdin:
        print("a word beside")
        if line == "leave\\n":
            os._exit(4)
        if line == "sleep\\n":
            time.sleep(60)
        print(greeting, line.strip(), file=file, flush=True)
""",
    "parent": "import os, sys\nif os.fork() == 0:\n    sys.exit(7)\nos.wait()\nsys.exit(5)",
    "self": """
import json, os, sys
print(json.dumps({
    "name": __name__,
    "argv": sys.argv,
    "colour": os.environ.get("COLOUR"),
    "taste": os.environ.get("TASTE"),
    "path": [entry for entry in os.environ["PYTHONPATH"].split(os.pathsep) if entry in sys.path],
    "folder": os.getcwd(),
}))
print("to standard error", file=sys.stderr)
""",
}


def write_modules(folder: Path) -> None:
    """Each as a file `fork_NAME.py`."""
    for name, text in MODULES.items():
        (folder / f"fork_{name}.py").write_text(text)


def without_tensorflow(folder: Path) -> None:
    """Let imports from this folder fail at once: a fork server serves nevertheless."""
    for name in ("tensorflow", "keras"):
        (folder / f"{name}.py").write_text(NO_TENSORFLOW)


def run_module(module: str, text: str) -> str:
    """What a module prints, given `text`."""
    with ForkedCall(module, text) as call:
        return call.answer()


def run_in_fork(module: str, text: str) -> "CompletedProcess[str]":
    """Run a module, given `text`, in a fork of the fork server that this process knows, until its end."""
    with ExitStack() as stack:
        given, out, err = (stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3))
        given.write(text)
        given.seek(0)
        code = fork(module, [], [file.fileno() for file in (given, out, err)], child_environment()).wait()
        for file in (out, err):
            file.seek(0)
        return CompletedProcess([module], code, out.read(), err.read())


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()
