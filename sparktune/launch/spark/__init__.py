"""Trials on a Spark cluster."""
