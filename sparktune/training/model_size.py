"""How many parameters the model of a configuration has, counted without weights where that is possible."""

from collections.abc import Iterable, Iterator

from sparktune.columns.schema import Schema
from sparktune.spec import StudySpec
from sparktune.training.kinds.base import build_model
from sparktune.trial import Params

KEPT = 100  # models, until Keras forgets their names


def count_each(configurations: Iterable[Params], spec: StudySpec, schema: Schema) -> Iterator[int | None]:
    """The parameters of each configuration's model, one after the other; see `count_parameters`."""
    import keras

    for number, params in enumerate(configurations, start=1):
        yield count_parameters(params, spec, schema)
        if number % KEPT == 0:
            keras.utils.clear_session()


def count_parameters(params: Params, spec: StudySpec, schema: Schema) -> int | None:
    """The parameters of a configuration's model; None where it cannot be built.

    Built without weights where that is possible, as it is unless a builder computes with them.
    """
    import keras

    section, _ = spec.configured(params)
    try:
        with keras.StatelessScope(initialize_variables=False):
            return int(build_model(section, schema).count_params())
    except (Exception, SystemExit):  # noqa: BLE001 - a builder may raise anything
        pass
    try:
        return int(build_model(section, schema).count_params())
    except (Exception, SystemExit):  # noqa: BLE001 - as above; the trial says why
        return None
