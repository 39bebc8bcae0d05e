"""A bundle as a Transformer of Spark ML."""

from pathlib import Path
from typing import Any, final

from pyspark.ml import Model
from pyspark.ml.param.shared import HasFeaturesCol, HasInputCols, HasPredictionCol, HasProbabilityCol
from pyspark.ml.util import MLReadable, MLWritable

from sparktune.bundle import Bundle
from sparktune.bundle.labels import label_kind
from sparktune.columns.schema import Feature
from sparktune.errors import ScoringError
from sparktune.ml.persistence import BundleReader, BundleWriter
from sparktune.scoring.answers import ANSWER, check_session, load_model, with_answer
from sparktune.scoring.types import check_columns


@final
class SparktuneModel(
    Model, HasFeaturesCol, HasInputCols, HasPredictionCol, HasProbabilityCol, MLReadable, MLWritable
):
    """Adds a bundle's answers to a DataFrame; `SparktuneEstimator.fit` makes one.

    It adds `predictionCol`: for labels that are numbers, truth values or none at all a double, as the
    evaluators of Spark ML expect, else the label's text, or the array of labels of task `labels`. For labels
    it also adds `probabilityCol`, a vector with the probability of each class; `[1 - p, p]` for two. Both are
    NULL where a feature is, unless its column is encoded: the model answers then. `save` writes
    the bundle too: what it wrote needs no study directory.

    Args:
        model: a bundle, its folder, or an MLflow URI such as `models:/name@champion`.
        inputCols: the columns that hold the features, in the bundle's order.
        featuresCol: one column with all numbers, a vector or an array, in place of `inputCols`. Where neither
            is given the columns have the names of the bundle's features.
        predictionCol: the column to add.
        probabilityCol: the column to add for labels.

    Raises:
        ScoringError: the model is no bundle, or was changed after the export.

    Example:
        >>> from sparktune.ml import SparktuneModel  # doctest: +SKIP
        >>> SparktuneModel("models:/churn@champion").transform(frame)  # doctest: +SKIP
    """

    def __init__(
        self,
        model: Bundle | str | Path,
        inputCols: list[str] | None = None,
        featuresCol: str | None = None,
        predictionCol: str = "prediction",
        probabilityCol: str = "probability",
    ) -> None:
        super().__init__()
        self.bundle = model if isinstance(model, Bundle) else load_model(model)
        self._set(predictionCol=predictionCol, probabilityCol=probabilityCol)
        columns = {"inputCols": inputCols, "featuresCol": featuresCol}
        self._set(**{name: given for name, given in columns.items() if given is not None})

    def write(self) -> BundleWriter:
        """Writes the parameters and the bundle, wherever Spark can write."""
        return BundleWriter(self, self.bundle)

    @classmethod
    def read(cls) -> BundleReader:
        """Reads what `write` wrote; the bundle lies in a temporary folder while this process lives."""
        return BundleReader(cls)

    def _transform(self, dataset: Any) -> Any:
        answers = self._answers()
        taken = {name.lower() for name in dataset.columns}
        if clash := [name for name in answers if name.lower() in taken]:
            raise ScoringError(
                f"transform adds the column {clash[0]!r}, but the table has it already; "
                "drop it, or set predictionCol and probabilityCol"
            )
        columns = self._columns(dataset)
        check_session(self.bundle, dataset, columns)
        scored = with_answer(self.bundle, dataset, columns)
        return scored.withColumns(answers).drop(ANSWER)  # names of other columns may stand twice

    def _answers(self) -> dict[str, Any]:
        """What is added, by the name of its column.

        Raises:
            ScoringError: both answers have one name.
        """
        from pyspark.sql.functions import col

        schema = self.bundle.schema
        prediction = col(ANSWER)["prediction"]
        if schema.task in ("binary", "classes") and label_kind(schema) != "string":
            prediction = prediction.cast("double")
        if schema.task == "regression":
            return {self.getPredictionCol(): prediction}
        if self.getPredictionCol().lower() == self.getProbabilityCol().lower():
            raise ScoringError(
                f"predictionCol and probabilityCol must differ, but both are {self.getPredictionCol()!r}"
            )
        return {self.getPredictionCol(): prediction, self.getProbabilityCol(): self._probability()}

    def _probability(self) -> Any:
        """The probabilities of all classes as a vector; NULL where a feature is."""
        from pyspark.ml.functions import array_to_vector
        from pyspark.sql.functions import array, col, when

        given = col(ANSWER)["probability"]
        each = array(1 - given, given) if self.bundle.schema.task == "binary" else given.cast("array<double>")
        return when(given.isNotNull(), array_to_vector(each))

    def _columns(self, dataset: Any) -> list[str]:
        """The table's columns that hold the features; their types are checked.

        Raises:
            ScoringError: a column is missing, is one too many, or cannot hold a feature's numbers.
        """
        features = list(self.bundle.schema.features)
        names = [feature.name for feature in features]
        if self.isSet("inputCols"):
            names = list(self.getInputCols())
        elif self.isSet("featuresCol") and self.bundle.schema.encoded:
            raise ScoringError(f"the model takes raw columns; set inputCols, such as {', '.join(names)}")
        elif self.isSet("featuresCol"):
            names = [self.getFeaturesCol()]
            features = [Feature(name=names[0], shape=(sum(feature.width for feature in features),))]
        if len(names) != len(features):
            raise ScoringError(f"inputCols must name {len(features)} columns, but got {', '.join(names)}")
        own = [
            feature.model_copy(update={"name": name}) for feature, name in zip(features, names, strict=True)
        ]
        types = {field.name: field.dataType.simpleString() for field in dataset.schema.fields}
        strict = dataset.sparkSession.conf.get("spark.sql.caseSensitive") == "true"
        found = check_columns(self.bundle.schema.model_copy(update={"features": tuple(own)}), types, strict)
        for feature, name in zip(own, found, strict=True):
            _check_width(feature, dataset.schema[name])
        return found


def _check_width(feature: Feature, field: Any) -> None:
    """Refuse a vector of which Spark ML has noted another number of attributes."""
    noted = field.metadata.get("ml_attr", {}).get("num_attrs", feature.width)
    if noted != feature.width:
        raise ScoringError(
            f"feature column {field.name!r} must hold {feature.width} numbers in a row, but got {noted}"
        )
