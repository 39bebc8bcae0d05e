"""Processes forked from one that has TensorFlow loaded."""
