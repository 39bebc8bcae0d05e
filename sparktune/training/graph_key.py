"""Which trials are alike: they differ in numbers that a compiled epoch takes in. Loads without tensorflow."""

import json

from sparktune.trial import Params

# Only whether they are zero decides a graph.
SCALARS = frozenset(
    {
        "clip_norm",
        "clip_value",
        "dropout",
        "epochs",
        "l1",
        "l2",
        "learning_rate",
        "momentum",
        "weight_decay",
    }
)


def graph_key(params: Params) -> str:
    """Equal for parameters that make one design of model and training: they differ in scalars alone."""
    return json.dumps({name: bool(value) if name in SCALARS else value for name, value in params.items()})
