"""What a process has started ends with it, and nobody else does."""

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from sparktune.launch.descendants import ChildProcess, kill_with_descendants
from tests.launch.contract import gone, until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are known on Linux")
# A process of a session of its own, a thread's, and one that starts another whenever its own ends.
FAMILY = """
import subprocess, sys, threading, time
from pathlib import Path
folder = Path(sys.argv[1])
nap = ["sh", "-c", f'echo $$ > "{folder}/$0.part"; mv "{folder}/$0.part" "{folder}/$0"; exec sleep 60']
subprocess.Popen([*nap, "apart"], start_new_session=True)
threading.Thread(target=subprocess.run, args=([*nap, "thread"],)).start()
restart = 'while true; do sh -c "$1" again; done'
say = f'echo $$ > "{folder}/p"; mv "{folder}/p" "{folder}/parent"; '
subprocess.Popen(["sh", "-c", say + restart, "0", nap[2]])
time.sleep(60)
"""


def numbers(folder: Path) -> list[int]:
    """Of the four processes that FAMILY starts, once they have."""
    files = [folder / name for name in ("apart", "thread", "parent", "again")]
    until(lambda: all(file.exists() for file in files))
    return [int(file.read_text()) for file in files]


def test_all_that_it_has_started_ends_with_it_and_others_live(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        process = ChildProcess([sys.executable, "-c", FAMILY, str(tmp_path)])
        family = numbers(tmp_path)
        assert not any(map(gone, family))
        process.kill()
        assert process.wait() == -9
        for member in family:
            until(partial(gone, member), 5)
        time.sleep(0.1)
        assert gone(int((tmp_path / "again").read_text()))  # it was started no more
        assert not gone(other.pid)
        other.kill()


def test_the_end_of_a_process_in_between_is_no_error() -> None:
    process = ChildProcess(["true"])
    until(partial(gone, process.pid))
    kill_with_descendants(process.pid)  # nobody has waited for it yet
    assert process.wait() == 0
    process.kill()
    kill_with_descendants(2**22 + 1)  # above the largest number that there can be


STRANGER = """
import os, sys
from sparktune.launch.descendants import kill_with_descendants
os.setuid(65534)
kill_with_descendants(int(sys.argv[1]))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_a_process_of_another_user_is_let_be() -> None:
    other = subprocess.Popen(["sleep", "60"])
    done = subprocess.run([sys.executable, "-c", STRANGER, str(other.pid)], capture_output=True, text=True)
    alive = not gone(other.pid)
    other.kill()
    other.wait()
    assert (done.returncode, done.stderr, alive) == (0, "", True)
