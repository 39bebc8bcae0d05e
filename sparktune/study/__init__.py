"""One search, from the spec to the exported model."""

from sparktune.study.export_trial import export_trial
from sparktune.study.progress import Progress
from sparktune.study.result import StudyResult
from sparktune.study.sync import sync_study
from sparktune.study.tune import tune

__all__ = ["Progress", "StudyResult", "export_trial", "sync_study", "tune"]
