"""The command that makes a model a function of Spark SQL that needs no Python."""

from typing import Annotated, Literal

import typer

from sparktune.cli.options import Model, TrackingUri
from sparktune.cli.output import Output, with_output


@with_output
def sql_command(
    output: Output,
    name: Annotated[str, typer.Argument(help="The function's name.")],
    model: Model,
    answer: Annotated[
        Literal["prediction", "probability", "both", "raw"],
        typer.Option(help="What the function answers: the label, probabilities, both, or the raw outputs."),
    ] = "prediction",
    create: Annotated[
        bool, typer.Option("--create", help="Compare it with Python's answers and create it.")
    ] = False,
    tracking_uri: TrackingUri = None,
) -> None:
    """Print the CREATE FUNCTION statement of a model, which Spark computes by itself, without Python.

    Linear models and small networks on columns of single values have one. The function is kept in the
    catalog's current schema; --create is refused where the catalog is in memory.
    """
    from sparktune.errors import ScoringError
    from sparktune.launch import open_session
    from sparktune.scoring import register
    from sparktune.scoring.answers import load_model
    from sparktune.scoring.expression import function_definition
    from sparktune.scoring.sql import check_name
    from sparktune.scoring.targets import own_catalog_is_in_memory
    from sparktune.scoring.types import checked_output

    check_name(name)
    bundle = load_model(model, tracking_uri, "sql")
    statement = function_definition(bundle, name, checked_output(bundle.schema, answer), permanent=True)
    if create:
        spark = open_session()
        if own_catalog_is_in_memory(spark) and spark.catalog.currentCatalog() == "spark_catalog":
            raise ScoringError(
                "--create needs a catalog that lasts, but Spark's is in memory, where a function would be "
                "forgotten when this command ends; configure one (spark.sql.catalogImplementation=hive), or "
                "leave --create out and run the statement in your own session"
            )
        register(spark, bundle, name, answer, permanent=True)
        output.note(f"the function {name} is in the catalog")
    output.answer({"model": model, "name": name, "created": create, "statement": statement}, f"{statement};")
