"""Functions of notebooks and scripts as source, run again where nothing of the notebook is."""

import functools
import itertools
import json
import linecache
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparktune.errors import ModelError
from sparktune.training.kinds.standalone import MAX_SOURCE, reference_of, standalone_source
from sparktune.training.references import function_from_source

CELLS = itertools.count()


def cell(text: str, **known: Any) -> dict[str, Any]:
    """The names that a notebook has after a cell."""
    place = f"cell-{next(CELLS)}"
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    names: dict[str, Any] = {"__name__": "__main__", **known}
    exec(compile(text, place, "exec"), names)
    return names


def sent(text: str, name: str = "build", **known: Any) -> Any:
    """A function of a cell, made again from its source."""
    return function_from_source(standalone_source(cell(text, **known)[name], "builder"), name, "builder")


EVERYTHING = """
import functools
import json as text
import pathlib
from collections import OrderedDict
from pathlib import Path

WIDTHS = {"small": [1, 2], "large": (3, float("inf")), "none": {None, True, "b", "a"}}
PLACE = Path("weights") / "base.keras"
pairs = functools.partial(zip, [1], strict=True)
TABLE = {"dump": text.dumps, "base": max}


def traced(function):
    @functools.wraps(function)
    def inside(*given):
        return ["traced", *function(*given)]

    return inside


class Base:
    factor = 2

    @property
    def half(self):
        return self.factor / len(WIDTHS["small"])


class Doubled(Base):
    def __init__(self, start: "Unknown" = 1):
        super().__init__()
        self.start = start

    def value(self) -> OrderedDict:
        return OrderedDict(value=self.factor * self.start, again=recursive(2))


def recursive(depth: int):
    return depth and recursive(depth - 1) + 1


@traced
def build(params, input_shape: tuple, outputs: NotHere = 1):
    # a comment stays
    widths = [width for width in WIDTHS[params["size"]]]
    known = TABLE["dump"](list(pairs([5]))), PLACE.as_posix()
    return [widths, Doubled(3).value(), Doubled().half, *known, *numbers]
"""


def test_a_function_takes_all_that_it_uses_along() -> None:
    known = {"NotHere": object, "numbers": (np.float32(2.5), np.arange(4).reshape(2, 2)), "unused": object()}
    again = sent(EVERYTHING, **known)
    assert again.__module__.startswith("sparktune_source_")
    name, widths, value, half, pairs, place, number, table = again({"size": "large"}, (), 1)
    assert (name, widths, half, json.loads(pairs), place) == (
        "traced",
        [3, np.inf],
        1.0,
        [[1, 5]],
        "weights/base.keras",
    )
    assert value == {"value": 6, "again": 2}
    assert number == 2.5 and isinstance(number, np.float32) and table.tolist() == [[0, 1], [2, 3]]


def test_the_source_reads_like_the_notebook_and_is_the_same_again() -> None:
    known = {"NotHere": int, "numbers": (1,)}
    first, again = (standalone_source(cell(EVERYTHING, **known)["build"], "builder") for _ in range(2))
    assert first == again and "# a comment stays" in first and "from json import dumps" in first
    assert first.index("class Base") < first.index("class Doubled") < first.index("def build")
    assert "unused" not in first


def test_every_process_makes_the_same_source(tmp_path: Path) -> None:
    """It is a part of the study's identity, and strings hash otherwise in each process."""
    script = tmp_path / "script.py"
    ending = "from sparktune.training.kinds import standalone\nprint(standalone.standalone_source(build, ''))"
    script.write_text(f"NotHere, numbers = int, {{'x', 'y', 'z'}}\n{EVERYTHING}\n{ending}\n")
    texts = {
        subprocess.run(
            [sys.executable, script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(texts) == 1 and b"numbers = set(['x', 'y', 'z'])" in texts.pop()


def test_it_runs_in_a_process_that_has_nothing_else() -> None:
    source = standalone_source(
        cell("import math\nN = 2\ndef build(x): return math.sqrt(x) * N")["build"], "b"
    )
    done = subprocess.run(
        [sys.executable, "-"], input=f"{source}\nprint(build(9))", capture_output=True, text=True
    )
    assert done.stdout == "6.0\n"


def test_a_closure_keeps_its_values() -> None:
    text = "def outer(depth):\n  rate = depth / 10\n  def build(x): return x * rate\n  return build\n"
    built = cell(text + "build = outer(5)")
    assert function_from_source(standalone_source(built["build"], "b"), "build", "b")(4) == 2.0


def test_what_can_be_imported_goes_by_its_name() -> None:
    assert reference_of(json.dumps) == "json:dumps" and reference_of(functools.partial) == "functools:partial"
    assert reference_of(cell("def build(): pass")["build"]) is None
    assert reference_of(lambda: None) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("build = lambda p: p", r"^builder must be a function that is defined with def, .* got <function"),
        ("import functools\nbuild = functools.partial(max, 1)", "but got functools.partial"),
        ("thing = object()\ndef build(p): return thing", "'build' uses 'thing', which holds a builtins.obj"),
        ("things = [1, {2: open}, iter([])]\ndef build(p): return things", "holds a builtins.list_iterator"),
        ("f = lambda x: x\ndef build(p): return f(p)", "uses 'f', whose source is not known; define it"),
        ("class C: x = 1\ndef build(p): return C", "uses 'C', whose source is not known"),
        (
            "def outer(n):\n    def f(): return n\n    def build(p): return f(), g(), n\n    return build\n"
            "def g(): return n\nn = 2\nbuild = outer(3)",
            "'build' uses 'n' for two different things; rename one",
        ),
        (f"x = 'a' * {MAX_SOURCE}\ndef build(p): return x", "at most 200,000 characters .* has 200,"),
        ("import numpy\nx = numpy.zeros(2000)\ndef build(p): return x", r"holds a numpy\.ndarray; make it"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        standalone_source(cell(text)["build"], "builder")


def test_a_function_of_a_plain_session_has_no_source() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("def build(params): return 1", names)
    with pytest.raises(
        ModelError, match="'build' uses 'build', whose source is not known; define it with def"
    ):
        standalone_source(names["build"], "builder")


def test_paths_are_those_of_the_machine_where_it_runs() -> None:
    build = sent("from pathlib import Path\nPLACE = Path('a')\ndef build(): return PLACE")
    assert build() == Path("a") and type(build()) is type(Path())
