"""JSON without NaN and infinities."""

import json
import math

from sparktune.strict_json import json_text


def test_a_number_that_is_not_finite_is_null_wherever_it_stands() -> None:
    document = {"a": math.inf, "b": {"c": [math.nan, 0.5]}, "d": (1, None)}
    text = json_text(document)
    read = json.loads(text, parse_constant=lambda name: f"{name} is no JSON")
    assert read == {"a": None, "b": {"c": [None, 0.5]}, "d": [1, None]}
