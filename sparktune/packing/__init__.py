"""This environment as one archive, with its interpreter inside, for executors that have no image of it."""

from sparktune.packing.archive import Packed, pack

__all__ = ["Packed", "pack"]
