"""What Python's faulthandler writes when native code crashes a worker, in a few lines."""

import re

FRAMES = 5
FATAL = re.compile(r"Fatal Python error: .*")
CRASHED_THREAD = re.compile(r"^Current thread .*\n((?:  File .*\n?)*)", re.MULTILINE)


def crash_excerpt(text: str) -> str:
    """A text whose crash report is cut to the error and the innermost frames of the thread that crashed.

    What stands before the report stays; a text without one is given back as it is.
    """
    fatal = FATAL.search(text)
    if fatal is None:
        return text
    thread = CRASHED_THREAD.search(text, fatal.end())
    frames = thread[1].splitlines() if thread else []
    more = [f"  ... and {len(frames) - FRAMES} more frames"] if len(frames) > FRAMES else []
    return "\n".join([text[: fatal.end()], *frames[:FRAMES], *more])
