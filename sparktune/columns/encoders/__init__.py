"""Encoders: raw columns become numbers, by what was learned from the training rows."""
