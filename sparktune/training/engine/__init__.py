"""Compiled epochs: one graph call trains a Keras model for an epoch; models of one structure share graphs."""
