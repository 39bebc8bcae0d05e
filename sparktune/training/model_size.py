"""How many parameters the model of a configuration has, counted without weights where that is possible."""

from contextlib import nullcontext

from sparktune.columns.schema import Schema
from sparktune.spec import StudySpec
from sparktune.training.kinds.base import build_model
from sparktune.trial import Params


def count_parameters(params: Params, spec: StudySpec, schema: Schema) -> int | None:
    """The parameters of a configuration's model; None where it cannot be built.

    Built without weights where that is possible, as it is unless a builder computes with them. Keras forgets
    the model after it: it would make the weights of all such models at its next stateless scope.
    """
    import keras

    section, _ = spec.configured(params)
    for scope in (keras.StatelessScope(initialize_variables=False), nullcontext()):
        try:
            with scope:
                return int(build_model(section, schema).count_params())
        except (Exception, SystemExit):  # noqa: BLE001 - a builder may raise anything; the trial says why
            continue
        finally:
            keras.utils.clear_session(free_memory=False)
    return None
