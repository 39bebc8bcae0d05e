"""Kinds of models: each is built and checked in its own way."""
