"""Columns become numbers: the schema that travels with a model, and the only codec."""
