"""CSV and JSON files, which Spark reads here by the rules of training and of `sparktune predict`."""

from typing import Any

HEADER = {"header": True, "escape": '"'}  # quotes inside quotes are doubled, not escaped by a backslash
ODD_QUOTES = "octet_length(value) % 2 <> octet_length(replace(value, '\"')) % 2"


def writing_options(kind: str) -> dict[str, Any]:
    """Spark's options to write a format."""
    return HEADER if kind == "csv" else {}


def reading_options(spark: Any, source: str, kind: str) -> dict[str, Any]:
    """Spark's options to read files of a format: by its own, rows that it cannot read are others, or NULL.

    A quoted cell of CSV may have several lines. Spark reads such files whole, and only such ones: there a
    line has an odd number of quotes.

    Raises:
        ValueError: a line of CSV is not UTF-8, of which Spark would make other words.
    """
    if kind == "json":
        return {"mode": "FAILFAST"}
    if kind != "csv":
        return {}
    lines = spark.read.text(source)
    odd, other = lines.selectExpr(f"bool_or({ODD_QUOTES})", "bool_or(NOT is_valid_utf8(value))").first()
    if other:
        raise ValueError("CSV files must be UTF-8, but this one is not; save it as UTF-8")
    return {**HEADER, "mode": "FAILFAST", "multiLine": bool(odd)}
