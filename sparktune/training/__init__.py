"""Builds, trains and measures one Keras model. Importing it loads no tensorflow; calling it does."""

from typing import TYPE_CHECKING

from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.summary import Objective
    from sparktune.training.batching.run import batch_limit, run_segments_batched
    from sparktune.training.checks import check_configurations, check_model
    from sparktune.training.epoch_tracker import Fitted, Plan
    from sparktune.training.evaluation import evaluate
    from sparktune.training.fitting import fit
    from sparktune.training.kinds.base import ModelKind, build_model
    from sparktune.training.kinds.layered import LayeredKind
    from sparktune.training.objective import produced, resolve_objective
    from sparktune.training.optimizers import build_optimizer
    from sparktune.training.references import import_reference
    from sparktune.training.run import run_segment, run_trial
    from sparktune.training.user_code import has_own_code, own_code

__all__ = [
    "Fitted",
    "LayeredKind",
    "ModelKind",
    "Objective",
    "Plan",
    "batch_limit",
    "build_model",
    "build_optimizer",
    "check_configurations",
    "check_model",
    "evaluate",
    "fit",
    "has_own_code",
    "import_reference",
    "own_code",
    "produced",
    "resolve_objective",
    "run_segment",
    "run_segments_batched",
    "run_trial",
]

# Reading a study imports the kinds of models, and with them this package, where nothing trains.
__getattr__, __dir__ = lazily(
    __name__,
    {
        "Fitted": "sparktune.training.epoch_tracker",
        "LayeredKind": "sparktune.training.kinds.layered",
        "ModelKind": "sparktune.training.kinds.base",
        "Objective": "sparktune.summary",
        "Plan": "sparktune.training.epoch_tracker",
        "batch_limit": "sparktune.training.batching.run",
        "build_model": "sparktune.training.kinds.base",
        "build_optimizer": "sparktune.training.optimizers",
        "check_configurations": "sparktune.training.checks",
        "check_model": "sparktune.training.checks",
        "evaluate": "sparktune.training.evaluation",
        "fit": "sparktune.training.fitting",
        "has_own_code": "sparktune.training.user_code",
        "import_reference": "sparktune.training.references",
        "own_code": "sparktune.training.user_code",
        "produced": "sparktune.training.objective",
        "resolve_objective": "sparktune.training.objective",
        "run_segment": "sparktune.training.run",
        "run_segments_batched": "sparktune.training.batching.run",
        "run_trial": "sparktune.training.run",
    },
)
