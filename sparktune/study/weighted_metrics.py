"""What a study measures by row weights where its spec does not list it."""

from contextlib import suppress
from pathlib import Path

from sparktune.data import Dataset
from sparktune.ledger.events import header_of_line
from sparktune.ledger.journal import decode_line
from sparktune.ledger.ownership import LEDGER, stored_spec
from sparktune.spec import StudySpec
from sparktune.training.objective import metrics_of


def with_weighted_metrics(spec: StudySpec, data: Dataset) -> StudySpec:
    """The study with `training.weighted_metrics` listed: all metrics where the data have weights, else none.

    A list that is given stays, and that of the study's own ledger comes before the default, so that a study
    goes on with what it has measured so far.

    Raises:
        SpecError: a metric does not fit the label.
        StudyDirectoryError: the ledger holds a spec that this version of sparktune does not accept.
    """
    if spec.training.weighted_metrics is not None:
        return spec
    metrics = metrics_of(spec.training, data.schema) if data.train.weight is not None else ()
    recorded = _recorded(spec.study_directory)
    if recorded is not None:
        metrics = recorded.training.weighted_metrics or ()
    training = spec.training.model_copy(update={"weighted_metrics": metrics})
    return spec.model_copy(update={"training": training})


def _recorded(directory: Path) -> StudySpec | None:
    """The spec that a study began with; None where it is new, or the first line of its ledger damaged."""
    with suppress(OSError, ValueError), (directory / LEDGER).open("rb") as ledger:
        header = header_of_line(decode_line(ledger.readline().rstrip(b"\n"))[0])
        return stored_spec(header.spec, directory)
    return None
