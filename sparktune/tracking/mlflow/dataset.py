"""The data set of a study as an input of its run."""

import json
from typing import TYPE_CHECKING

from sparktune.spec import StudySpec
from sparktune.summary import DataSummary

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

DIGEST_LENGTH = 16  # MLflow takes 36 characters
NAME_LENGTH = 500
CONTEXT = "mlflow.data.context"


def log_dataset(client: "MlflowClient", run: "Run", spec: StudySpec, data: DataSummary) -> None:
    """Log the data set as an input of a run that has none: name, digest, rows of each split, origin."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    if run.inputs is not None and run.inputs.dataset_inputs:
        return
    origin = spec.data
    given = {name: getattr(origin, name) for name in ("source", "path", "table", "query")}
    rows = {"num_rows": sum(data.rows.values()), **{f"{name}_rows": n for name, n in data.rows.items()}}
    dataset = Dataset(
        name=(origin.table or origin.path or origin.source)[-NAME_LENGTH:],
        digest=data.digest[:DIGEST_LENGTH],
        source_type=origin.source,
        source=json.dumps({name: value for name, value in given.items() if value is not None}),
        profile=json.dumps(rows) if data.rows else None,
    )
    client.log_inputs(run.info.run_id, [DatasetInput(dataset, [InputTag(CONTEXT, "training")])])
