"""The report of a crash, in a few lines."""

import subprocess
import sys

from sparktune.launch.crash import FRAMES, crash_excerpt, stack_excerpt

CRASH = """
import faulthandler, threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
def deep(levels):
    deep(levels - 1) if levels else faulthandler._sigsegv()
deep(20)
"""


def test_a_crash_is_its_error_and_the_frames_nearest_to_it() -> None:
    report = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", CRASH], capture_output=True, text=True
    ).stderr
    assert report.count("\n") > 25
    short = crash_excerpt(f"the worker process was killed by SIGSEGV\n{report}").splitlines()
    assert short[:2] == ["the worker process was killed by SIGSEGV", "Fatal Python error: Segmentation fault"]
    assert all(line.endswith(" in deep") for line in short[2:-1])
    assert (len(short), short[-1]) == (3 + FRAMES, "  ... and 17 more frames")


def test_a_thread_without_python_frames_leaves_the_error() -> None:
    assert crash_excerpt('lost: Fatal Python error: Aborted\n\nThread 0x1:\n  File "a"\n') == (
        "lost: Fatal Python error: Aborted"
    )


def test_any_other_text_stays() -> None:
    assert crash_excerpt("the worker process exited with code 3") == "the worker process exited with code 3"


HANG = """
import faulthandler, os, signal, sys
faulthandler.register(signal.SIGUSR1, sys.stderr, all_threads=False)
def deep(levels):
    deep(levels - 1) if levels else os.kill(os.getpid(), signal.SIGUSR1)
deep(1)
deep(20)
"""


def test_a_stack_that_was_asked_for_is_its_innermost_frames() -> None:
    report = subprocess.run([sys.executable, "-c", HANG], capture_output=True, text=True).stderr
    frames = stack_excerpt(report)
    assert all(frame.endswith(" in deep") for frame in frames[:-1])
    assert (len(frames), frames[-1]) == (1 + FRAMES, "  ... and 17 more frames")
    assert stack_excerpt("Fatal Python error: Aborted") == []
