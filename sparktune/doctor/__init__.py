"""Looks at the machine, the cluster and the places of a study, and says what would go wrong."""

from sparktune.doctor.examination import Examination, examine

__all__ = ["Examination", "examine"]
