"""What a study shows."""

from sparktune.report.terminal import StudyProgress, outcome_lines, trials_ranked

__all__ = ["StudyProgress", "outcome_lines", "trials_ranked"]
