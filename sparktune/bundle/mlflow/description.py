"""What MLflow's pages say of an exported model, in Markdown."""

from collections.abc import Mapping

from sparktune.bundle.engines.registry import mlflow_flavors
from sparktune.bundle.manifest import NAME, Lineage, Manifest
from sparktune.columns.schema import Feature, Schema

MOST_COLUMNS = 8
LENGTH = 5000


def description(manifest: Manifest, metrics: Mapping[str, float], uri: str) -> str:
    """What the model is, from which study, how good, and how to score with it.

    Args:
        manifest: the bundle's.
        metrics: its metrics by name.
        uri: where MLflow has it, `models:/churn@champion` say.
    """
    schema, lineage = manifest.columns, manifest.lineage
    found = {lineage.metric: lineage.value, **metrics}
    measured = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
    loaders = [f"`mlflow.{flavor}.load_model({uri!r})`" for flavor in mlflow_flavors(manifest)]
    alone = [f"The model itself, for arrays: {' or '.join(loaders)}."] if loaders else []
    return "\n\n".join(
        [
            f"{what_it_predicts(schema)} The best model of study **{lineage.study}**: {_trial(lineage)}.",
            f"In epoch {lineage.epoch}: {measured}.",
            "Score in Spark SQL:",
            f"```python\n{_sql(schema, uri)}\n```",
            f"Score files: `sparktune score --model {uri} --input new.parquet --output scored.parquet`.",
            *alone,
        ]
    )[:LENGTH]


def what_it_predicts(schema: Schema) -> str:
    """One sentence: the task, the label and the columns."""
    label, count = f"`{schema.label}`", len(schema.classes)
    match schema.task:
        case "binary":
            what = f"whether {label} is {schema.label_map[-1] if count else 1}"
        case "regression":
            what = f"{label}, " + ("a number" if schema.outputs == 1 else f"{schema.outputs} numbers")
        case _:
            what = f"{label}, {count} {schema.task}"
    return f"Predicts {what}, from {_few([_in_words(f) for f in schema.features])}."


def _trial(lineage: Lineage) -> str:
    params = ", ".join(
        f"{name} = {value:.3g}" if isinstance(value, float) else f"{name} = {value}"
        for name, value in lineage.params.items()
    )
    return f"trial {lineage.trial}" + (f" ({params})" if params else "")


def _sql(schema: Schema, uri: str) -> str:
    """Python that registers the model and calls it; with one struct of all columns where they are many."""
    names = [feature.name for feature in schema.features]
    columns = ", ".join(name if NAME.fullmatch(name) else f"`{name}`" for name in names)
    many = len(names) > MOST_COLUMNS
    call = "predict_row(struct(*))" if many else f"predict({columns})"
    return (
        "import sparktune\n\n"
        f'sparktune.register(spark, "{uri}", "predict")\n'
        f'spark.sql("SELECT {call} AS prediction FROM new_rows")'
    )


def _in_words(feature: Feature) -> str:
    """A column's name, with its shape where it is an array."""
    sides = " x ".join(map(str, feature.shape))
    return f"`{feature.name}` ({sides} numbers)" if sides else f"`{feature.name}`"


def _few(names: list[str]) -> str:
    """All names, or the first ones and the last one where they are many."""
    if len(names) <= MOST_COLUMNS:
        return ", ".join(names)
    return ", ".join([*names[: MOST_COLUMNS - 1], "...", names[-1]])
