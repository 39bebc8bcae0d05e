"""The metrics of a saved model, as training measured them."""

from typing import TYPE_CHECKING

from sparktune.columns.schema import Schema
from sparktune.data.dataset import Rows
from sparktune.spec import StudySpec
from sparktune.training.compiling import compile_for_evaluation
from sparktune.training.feeding import evaluation_batch, targets
from sparktune.trial import Params

if TYPE_CHECKING:
    import keras


def evaluate(
    model: "keras.Model", rows: Rows, spec: StudySpec, schema: Schema, params: Params | None = None
) -> dict[str, float]:
    """Loss and metrics of a loaded model on rows, named without `val_`; equal to what its trial reported.

    Compiles the model in place. `params` are those of its trial, needed only where the loss was searched.

    Raises:
        SpecError: the loss or a metric does not fit the label.
    """
    _, training = spec.configured(params or {})
    compile_for_evaluation(model, training, schema)
    measured = model.evaluate(
        rows.x,
        targets(rows, schema),
        sample_weight=rows.weight,
        batch_size=evaluation_batch(model),
        verbose=0,
        return_dict=True,
    )
    return {name: float(value) for name, value in measured.items()}
