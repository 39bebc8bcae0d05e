"""All checks, one after the other."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, final

from sparktune.doctor.case import Case
from sparktune.doctor.driver import not_installed
from sparktune.doctor.registry import CHECKS
from sparktune.errors import SparktuneError
from sparktune.finding import Finding, Level
from sparktune.spec import StudySpec


@final
@dataclass(frozen=True)
class Examination:
    """What was found, each with the name of its check, in the order of the checks."""

    findings: list[tuple[str, Finding]]

    @property
    def healthy(self) -> bool:
        """Whether a study can run: nothing found is an error."""
        return all(finding.level is not Level.ERROR for _, finding in self.findings)

    def to_record(self) -> dict[str, Any]:
        """A JSON object."""
        findings = [{"check": name, **asdict(finding)} for name, finding in self.findings]
        return {"healthy": self.healthy, "findings": findings}


def examine(spec: StudySpec, offline: bool = False) -> Examination:
    """Look at everything that a study needs; nothing is trained. Spark starts where trials run on it.

    Args:
        spec: the study.
        offline: whether MLflow is left out.

    Example:
        >>> from sparktune.spec import StudySpec
        >>> examine(StudySpec(resources={"launcher": "local"}), offline=True).healthy
        True
    """
    case = Case(spec, offline)
    found: dict[Finding, str] = {}  # what several checks come upon is said once
    for name in CHECKS.names:
        for finding in _findings(name, case):
            found.setdefault(finding, name)
    return Examination([(name, finding) for finding, name in found.items()])


def _findings(name: str, case: Case) -> Iterator[Finding]:
    """What a check finds; where it cannot end, for a package that is missing, say, that is an error."""
    try:
        yield from CHECKS.load(name)(case)
    except SparktuneError as error:
        yield Finding(Level.ERROR, str(error))
    except ModuleNotFoundError as error:
        yield not_installed(str(error.name).partition(".")[0])
