"""The best trial's bundle, made in a fork that has TensorFlow so that the driver need not load it."""

import json
import logging
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, final

from sparktune.bundle import Bundle, Lineage, load_bundle, move_bundle
from sparktune.data.host import DataKey, SharedData
from sparktune.errors import BundleError, LaunchError
from sparktune.launch import ForkedCall
from sparktune.ledger import BundleExported, Ledger
from sparktune.report.evaluation import Evaluation, write_evaluation
from sparktune.spec import StudySpec
from sparktune.spec.extensions import CHECKED
from sparktune.training import Objective
from sparktune.training.kinds.base import kind_of
from sparktune.trial import TrialResult

TestMetrics = dict[str, float]
Exported = tuple[Bundle | None, TestMetrics | None]
MODULE = "sparktune.study.export_worker"  # not imported here: a module that is run must not be loaded before
log = logging.getLogger("sparktune")


@final
@dataclass(frozen=True)
class ExportRequest:
    """What an export needs: the spec, the key of the data, the best trial, and where its files lie."""

    spec: StudySpec
    data: DataKey
    best: TrialResult
    lineage: Lineage
    model: Path
    directory: Path

    def to_json(self) -> str:
        """A JSON object, without the model that the best trial's result may carry."""
        request = {
            "spec": self.spec.model_dump(mode="json"),
            "data": asdict(self.data),
            "best": self.best.to_record(),
            "lineage": self.lineage.model_dump(mode="json"),
            "model": str(self.model),
            "directory": str(self.directory),
        }
        return json.dumps(request)

    @classmethod
    def from_json(cls, text: str) -> "ExportRequest":
        """The request that `to_json` wrote."""
        request = json.loads(text)
        return cls(
            spec=StudySpec.model_validate(request["spec"], context=CHECKED),
            data=DataKey(**request["data"]),
            best=TrialResult.from_record(request["best"]),
            lineage=Lineage.model_validate(request["lineage"]),
            model=Path(request["model"]),
            directory=Path(request["directory"]),
        )


@final
class Exporter:
    """Makes the bundle of a study's best trial. A context manager: leaving it ends what is under way.

    It may begin while the last trials run: a bundle is made beside its place, and moved there at the end if
    its trial is still the best one; else another is made.
    """

    def __init__(
        self, spec: StudySpec, shared_data: SharedData, objective: Objective, ledger: Ledger
    ) -> None:
        self._spec = spec
        self._shared_data = shared_data
        self._objective = objective
        self._ledger = ledger
        self._place = ledger.directory / "bundle"
        self._draft = ledger.directory / ".bundle.draft"
        self._begun: tuple[int, ForkedCall] | None = None

    def begin(self) -> None:
        """Start with the best trial so far, if there is one; idempotent. Where trials take GPUs it waits."""
        best, model = self._ledger.best, self._ledger.best_model
        if best is None or model is None or self._spec.resources.gpus or self._existing(best):
            return
        with suppress(OSError):  # it is tried again when the last trial has ended
            self._call(best, model)

    def export(self) -> Exported:
        """The verified bundle of the best trial, and its metrics on the test split.

        Both are None where no trial has a value and, with a warning, where the model of the best one was lost
        before there was a bundle; the metrics also where there is no test split.

        Raises:
            BundleError: it cannot be written, or does not give the metric that its trial reported.
            LaunchError: the process that exports ended before it was done.
        """
        best, model = self._ledger.best, self._ledger.best_model
        if best is None:
            return None, None
        exported = self._existing(best)
        if exported is None:
            if model is None:
                log.warning(
                    "no bundle was made: the model file of trial %d, the best one, is missing; run the same "
                    "command again, which trains that trial once more, with more search.budget if spent",
                    best.trial,
                )
                return None, None
            exported = self._make(best, model)
        return load_bundle(self._place), exported.test

    def close(self) -> None:
        """End what is under way, and remove what it wrote or a driver that was killed has left."""
        if self._begun is not None:
            self._begun[1].close()
        self._begun = None
        shutil.rmtree(self._draft, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _existing(self, best: TrialResult) -> BundleExported | None:
        """What the ledger says of the bundle, where that is there and holds the best trial."""
        exported = self._ledger.last(BundleExported)
        if exported is None or exported.trial != best.trial or not (self._place / "manifest.json").exists():
            return None
        return exported

    def _make(self, best: TrialResult, model: Path) -> BundleExported:
        """Make the bundle; what went wrong beside the last trials is tried once more."""
        begun_ahead = self._begun is not None
        try:
            test, evaluation = _answer(self._call(best, model))
        except (BundleError, LaunchError):
            if not begun_ahead:
                raise
            self.close()
            test, evaluation = _answer(self._call(best, model))
        move_bundle(self._draft / "bundle", self._place)
        if evaluation is not None:
            with suppress(OSError):  # the report does without
                write_evaluation(self._ledger.directory, evaluation)
        exported = BundleExported(best.trial, test)
        self._ledger.note(exported)
        return exported

    def _call(self, best: TrialResult, model: Path) -> ForkedCall:
        """The process that makes the bundle of `best`; a new one unless that is under way."""
        if self._begun is None or self._begun[0] != best.trial:
            self.close()
            self._begun = best.trial, ForkedCall(MODULE, self._request(best, model).to_json())
        return self._begun[1]

    def _request(self, best: TrialResult, model: Path) -> ExportRequest:
        lineage = {
            "study": self._spec.study.name,
            "study_id": self._ledger.study_id,
            "trial": best.trial,
            "params": best.params,
            "metric": self._objective.metric,
            "direction": self._objective.direction,
            "value": best.value,
            "epoch": best.epoch,
            "data_digest": self._shared_data.data.digest,
            "source": kind_of(self._spec.configured(best.params)[0]).own_source,
        }
        return ExportRequest(
            spec=self._spec,
            data=self._shared_data.key,
            best=best,
            lineage=Lineage.model_validate(lineage),
            model=model,
            directory=self._draft / "bundle",
        )


def _answer(call: ForkedCall) -> tuple[TestMetrics | None, Evaluation | None]:
    """What the best model gives on the test split, and its figures in detail, once its bundle is made."""
    answer: dict[str, Any] = json.loads(call.answer())
    if "error" in answer:
        raise BundleError(answer["error"])
    evaluation = answer["evaluation"]
    return answer["test"], Evaluation.from_json(evaluation) if evaluation else None
