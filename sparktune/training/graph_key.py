"""Which trials share graphs: they differ in what a compiled epoch takes in. Loads without tensorflow."""

import json

from sparktune.trial import Params

# Of these a graph depends on no more than whether they are zero.
SCALARS = frozenset(
    {
        "clip_norm",
        "clip_value",
        "dropout",
        "epochs",
        "initializer",
        "l1",
        "l2",
        "learning_rate",
        "momentum",
        "weight_decay",
    }
)


def graph_key(params: Params) -> str:
    """Equal for parameters of trials that share graphs: they differ in scalars, or in how weights begin."""
    return json.dumps({name: bool(value) if name in SCALARS else value for name, value in params.items()})
