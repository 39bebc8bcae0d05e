"""An Estimator of Spark ML whose `fit` runs a study."""

from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, final

from pyspark import keyword_only
from pyspark.ml import Estimator
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import (
    HasFeaturesCol,
    HasInputCols,
    HasLabelCol,
    HasPredictionCol,
    HasProbabilityCol,
    HasWeightCol,
)
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable

from sparktune.columns.names import find
from sparktune.errors import InputError, StudyDirectoryError, StudyFailed
from sparktune.ml.model import SparktuneModel
from sparktune.scoring.signature import quoted
from sparktune.spec import StudySpec, parse_spec
from sparktune.spec.document import merged, read_document

COLUMNS = ("features", "label", "weight")


def sections(study: Any) -> dict[str, Any]:
    """The sections of a study, given as a mapping, a StudySpec or the path of a YAML file.

    Raises:
        InputError: it is none of these, or names the columns, which the estimator's parameters do.
    """
    if isinstance(study, StudySpec):
        study = study.model_dump(mode="json", exclude_defaults=True)
    document = read_document(study) if isinstance(study, (str, Path)) else study
    if not isinstance(document, Mapping):
        raise InputError(f"study must be a mapping of sections, a StudySpec or a path, but got {study!r:.80}")
    data = document.get("data") or {}
    named = [name for name in COLUMNS if data.get(name) is not None]
    if named:
        raise InputError(
            f"study must leave out data.{named[0]}, but got {data[named[0]]!r:.80}; "
            "set featuresCol or inputCols, labelCol and weightCol of the estimator"
        )
    return dict(document)


@final
class SparktuneEstimator(
    Estimator,
    HasFeaturesCol,
    HasInputCols,
    HasLabelCol,
    HasWeightCol,
    HasPredictionCol,
    HasProbabilityCol,
    DefaultParamsReadable,
    DefaultParamsWritable,
):
    """Searches hyperparameters on the rows of a DataFrame; its model is the study's best.

    It may stand in a `Pipeline`, a `CrossValidator` and a `TrainValidationSplit`. Each fit is a study of its
    own, `NAME-1`, `NAME-2` and so on in the study's directory. The rows are split into training and
    validation as `data.validation` of the study says.

    Args:
        study: the sections of a study as a mapping, a StudySpec, or the path of a YAML file; without
            `data.features`, `data.label` and `data.weight`.
        featuresCol: the column with an ML vector or an array of numbers.
        inputCols: the feature columns, in place of `featuresCol`.
        labelCol: the label column.
        weightCol: the column of row weights; none by default.
        predictionCol: the column that the model adds: the label or the value.
        probabilityCol: the column that the model adds for labels: a vector of each class's probability.
        overrides: changes such as "search.trials=20"; a grid of parameters may vary them.
        offline: do not write to MLflow.
        timeout: seconds after which the search ends with the best so far; none by default.

    Example:
        >>> from sparktune.ml import SparktuneEstimator  # doctest: +SKIP
        >>> study = {"model": {"kind": "mlp"}, "search": {"space": {"neurons": [16, 64]}}}
        >>> tuned = SparktuneEstimator(study=study, featuresCol="features")  # doctest: +SKIP
        >>> Pipeline(stages=[assembler, tuned]).fit(frame).transform(new)  # doctest: +SKIP
    """

    study: Param = Param(Params._dummy(), "study", "the study's sections, without its columns", sections)
    overrides: Param = Param(
        Params._dummy(), "overrides", "changes such as search.trials=20", TypeConverters.toListString
    )
    offline: Param = Param(Params._dummy(), "offline", "do not write to MLflow", TypeConverters.toBoolean)
    timeout: Param = Param(
        Params._dummy(), "timeout", "seconds after which the search ends", TypeConverters.toFloat
    )

    @keyword_only
    def __init__(
        self,
        *,
        study: StudySpec | Mapping[str, Any] | str | Path | None = None,
        featuresCol: str = "features",
        inputCols: list[str] | None = None,
        labelCol: str = "label",
        weightCol: str | None = None,
        predictionCol: str = "prediction",
        probabilityCol: str = "probability",
        overrides: list[str] | None = None,
        offline: bool = False,
        timeout: float | None = None,
    ) -> None:
        super().__init__()
        self._setDefault(overrides=[], offline=False)
        self._set(**{name: given for name, given in self._input_kwargs.items() if given is not None})

    def _fit(self, dataset: Any) -> SparktuneModel:
        from sparktune.study import tune

        spec = self._spec()
        try:
            result = tune(
                spec,
                dataset.sparkSession,
                _columns_of(dataset, spec),
                offline=self.getOrDefault("offline"),
                timeout=self.getOrDefault("timeout") if self.isDefined("timeout") else None,
                on_progress=lambda _: None,
            )
        except BaseException:
            with suppress(OSError):  # which keeps a folder where the study has begun
                spec.study_directory.rmdir()
            raise
        if result.bundle is None:
            raise StudyFailed(f"study {spec.study.name} exported no model; see {result.directory}")
        model: SparktuneModel = self._copyValues(SparktuneModel(result.bundle))
        schema = result.bundle.schema
        if self.isDefined("inputCols") or schema.encoded or not schema.features[0].shape:
            model._set(inputCols=[feature.name for feature in schema.features])  # some may be left out
        return model

    def _spec(self) -> StudySpec:
        """The study of this fit, in a folder of its own."""
        if not self.isDefined("study"):
            raise InputError("SparktuneEstimator needs study: a mapping of sections or a path")
        document = merged(self.getOrDefault("study"), self.getOrDefault("overrides"))
        inputs = self.isDefined("inputCols")
        columns = {
            "source": "arrays",
            "features": self.getInputCols() if inputs else [self.getFeaturesCol()],
            "label": self.getLabelCol(),
            "weight": self.getWeightCol() if self.isDefined("weightCol") else None,
        }
        spec = parse_spec({**document, "data": {**(document.get("data") or {}), **columns}})
        read = {name: said for name, said in spec.data.columns.items() if name not in spec.data.ignored}
        data = spec.data.model_copy(update={"columns": read})
        named = spec.study.model_copy(update={"name": new_name(spec)})
        return spec.model_copy(update={"study": named, "data": data})


def _columns_of(dataset: Any, spec: StudySpec) -> Any:
    """The columns of a DataFrame that a study reads.

    Raises:
        ScoringError: one is missing.
    """
    splits = (split.column for split in spec.data.splits.values())
    columns = [*(spec.data.features or ()), spec.data.label, spec.data.weight, *splits]
    named, held = [name for name in dict.fromkeys(columns) if name], {n.lower() for n in dataset.columns}
    for name in named:
        if name.lower() not in held:
            find(name, dataset.columns, "column")
    return dataset.select(*map(quoted, named))


def new_name(spec: StudySpec) -> str:
    """The study's name with the first number that no study in its directory has; its folder is made.

    Raises:
        StudyDirectoryError: the folder cannot be made.
    """
    parent = spec.study_directory.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            folder = parent / f"{spec.study.name}-{number}"
            if not folder.exists():
                folder.mkdir()  # of two fits at a time one fails here, and takes the next number
                return folder.name
    except FileExistsError:
        return new_name(spec)
    except OSError as error:
        raise StudyDirectoryError(f"cannot make {parent}: {error}; set output.directory") from None
    raise AssertionError("numbers do not end")
