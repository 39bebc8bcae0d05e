"""JVM options of the tests: quick compilation, and the archive of Spark's classes where there is one."""

import shlex

from sparktune.launch.jvm.class_archive import archive_options
from sparktune.launch.jvm.java import QUICK_START


def quick_java() -> str:
    """The options in one line, as Spark's settings take them."""
    return " ".join([QUICK_START, *map(shlex.quote, archive_options())])
