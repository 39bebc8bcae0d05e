"""Builds, trains and measures one Keras model. Importing it loads no tensorflow; calling it does."""

from sparktune.summary import Objective
from sparktune.training.batching.run import batch_limit, fused_at_most, run_batch, run_trials_batched
from sparktune.training.epoch_tracker import Fitted, Plan
from sparktune.training.evaluate import evaluate
from sparktune.training.fit import fit
from sparktune.training.kinds.builtin import build_model
from sparktune.training.kinds.checks import check_configurations, check_model
from sparktune.training.objective import produced, resolve_objective
from sparktune.training.optimizers import build_optimizer
from sparktune.training.run import run_segment, run_trial
from sparktune.training.seeding import has_own_code

__all__ = [
    "Fitted",
    "Objective",
    "Plan",
    "batch_limit",
    "build_model",
    "build_optimizer",
    "check_configurations",
    "check_model",
    "evaluate",
    "fit",
    "fused_at_most",
    "has_own_code",
    "produced",
    "resolve_objective",
    "run_batch",
    "run_segment",
    "run_trial",
    "run_trials_batched",
]
