"""Everything sparktune raises on purpose.

    SparktuneError                 exit code 1
    ├── InputError                 exit code 2: what the user gave cannot be used
    │   ├── SpecError              the study file, an override or a Python spec
    │   ├── DataError              the training data
    │   ├── ModelError             the model description or the builder
    │   ├── TrackingError          the tracking URI
    │   ├── StudyDirectoryError    the study directory belongs to somebody else
    │   └── ScoringError           a model, a column, a function name, a target
    ├── BundleError                an exported model that fails its digest or its verification
    ├── RecordError                the study directory cannot be written any more: its disk is full, say
    ├── CheckpointError            a checkpoint that cannot be made or used: its trial is trained from epoch 0
    ├── LaunchError                the cluster cannot run trials
    ├── StudyFailed                no trial gave a value
    └── StudyInterrupted           exit code 130: stopped by the user

Each message names the field, the rule, the value received and the way out.
"""


class SparktuneError(Exception):
    """Base of all errors of this package; `exit_code` is what the commands exit with."""

    exit_code = 1


class InputError(SparktuneError):
    """What the user gave cannot be used; nothing was started."""

    exit_code = 2


class SpecError(InputError):
    """The study description breaks a rule."""


class DataError(InputError):
    """The training data break a rule."""


class ModelError(InputError):
    """The model description or the builder breaks a rule."""


class TrackingError(InputError):
    """The tracking server cannot be used."""


class StudyDirectoryError(InputError):
    """The study directory belongs to another spec or to another live driver."""


class ScoringError(InputError):
    """A model, a column, a function name or a target cannot be used for scoring."""


class BundleError(SparktuneError):
    """An exported model fails its digest or its verification."""


class RecordError(SparktuneError, OSError):
    """The study directory cannot be written any more; what was recorded before is safe."""


class CheckpointError(SparktuneError):
    """A checkpoint cannot be made, is damaged, or is not that of its trial; training starts again."""


class LaunchError(SparktuneError):
    """The cluster cannot run trials."""


class StudyFailed(SparktuneError):
    """No trial of the study gave a value."""


class StudyInterrupted(SparktuneError):
    """The study was stopped by the user; the same command resumes it."""

    exit_code = 130
