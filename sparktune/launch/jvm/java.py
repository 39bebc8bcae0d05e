"""Is there a Java that can run Spark? Asked before PySpark prints a stack."""

import os
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from sparktune.errors import LaunchError

OLDEST = 17
# For a JVM that only schedules trials optimising compilation is not worth its CPU time: 5 s instead of 10
# until the first job is done.
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# For one that handles rows: optimise only what each row runs through. docs/scoring.md has the figures, with
# those of the archive of Spark's classes.
HOT_CODE_ONLY = (
    "-XX:Tier4InvocationThreshold=100000 -XX:Tier4MinInvocationThreshold=50000 "
    "-XX:Tier4CompileThreshold=200000 -XX:Tier4BackEdgeThreshold=400000"
)
INSTALL = """
  Debian, Ubuntu:  apt-get install openjdk-17-jre-headless
  Fedora:          dnf install java-21-openjdk-headless
  macOS:           brew install openjdk@17 && export JAVA_HOME="$(brew --prefix openjdk@17)"
  conda:           conda install -c conda-forge openjdk=17"""


def check_java() -> int:
    """The major version of the Java that Spark will start.

    Raises:
        LaunchError: there is none, or it is older than 17; names the commands that install one.
    """
    home = os.environ.get("JAVA_HOME")
    java = find_java()
    if java is None:
        where = (
            f"JAVA_HOME={home} has no bin/java"
            if home
            else "there is no java on PATH and JAVA_HOME is not set"
        )
        raise LaunchError(f"Spark needs Java {OLDEST} or newer, but {where}; install one:{INSTALL}")
    version = _version(java)
    if version is None:
        raise LaunchError(
            f"Spark needs Java {OLDEST} or newer, but {java} does not run; install one:{INSTALL}"
        )
    if version < OLDEST:
        raise LaunchError(
            f"Spark needs Java {OLDEST} or newer, but {java} is version {version}; install one:{INSTALL}"
        )
    return version


def find_java() -> Path | None:
    """The command that Spark will start; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    return Path(java) if java else None


def _version(java: Path) -> int | None:
    """The major version in the file `release` beside bin/, else by `java -version`; None where Java fails.

    Reading the file spares the start of a JVM.
    """
    with suppress(OSError):
        release = java.resolve().parent.parent / "release"
        if version := _major(release.read_text(encoding="utf-8", errors="replace")):
            return version
    try:
        shown = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return _major(shown.stderr + shown.stdout)


def _major(text: str) -> int | None:
    """17 in `version "17.0.9"` or `JAVA_VERSION="17.0.9"`; 8 in `version "1.8.0_392"`."""
    found = re.search(r'version[ =]"(?:1\.)?(\d+)', text, re.IGNORECASE)
    return int(found[1]) if found else None
