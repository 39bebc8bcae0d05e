"""What Python's faulthandler writes of a worker that crashed, or that hangs, in a few lines."""

import re

FRAMES = 5
STACK = re.compile(r"^Stack .*\n((?:  File .*\n?)*)", re.MULTILINE)
FATAL = re.compile(r"Fatal Python error: .*")
CRASHED_THREAD = re.compile(r"^Current thread .*\n((?:  File .*\n?)*)", re.MULTILINE)


def crash_excerpt(text: str) -> str:
    """A text whose crash report is cut to the error and the innermost frames of the thread that crashed.

    What stands before the report stays; a text without one is given back as it is.
    """
    fatal = FATAL.search(text)
    if fatal is None:
        return text
    return "\n".join([text[: fatal.end()], *_innermost(CRASHED_THREAD.search(text, fatal.end()))])


def stack_excerpt(text: str) -> list[str]:
    """The innermost frames of the stack that was asked for last; none where there is no stack."""
    stacks = list(STACK.finditer(text))
    return _innermost(stacks[-1]) if stacks else []


def _innermost(stack: re.Match[str] | None) -> list[str]:
    frames = stack[1].splitlines() if stack else []
    more = [f"  ... and {len(frames) - FRAMES} more frames"] if len(frames) > FRAMES else []
    return [*frames[:FRAMES], *more]
