"""Kinds of models, one file each: its fields, what it refuses, and how it becomes a Keras model."""
