"""What containers of the image have, for processes of this machine in their place."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pyspark

from tests.launch.quick_java import quick_java

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
BIN = Path(sys.executable).parent
JOBS = {"/opt/sparktune/share/sparktune/jobs": ROOT / "jobs"}
# So that JVMs start quickly and find each other.
QUICK = {
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.driver.extraJavaOptions": quick_java(),
    "spark.executor.extraJavaOptions": quick_java(),
}


def entrypoint(*command: str) -> list[str]:
    """The command as the image's entrypoint runs it."""
    return ["bash", str(DOCKER / "entrypoint.sh"), *command]


def image_environment(home: Path, *folders: Path) -> dict[str, str]:
    """The variables that the image sets, and no others; `folders` come onto the PATH."""
    places = [BIN, *folders, "/usr/bin", "/bin"]
    return {
        "PATH": ":".join(map(str, places)),
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "JAVA_HOME": os.environ.get("JAVA_HOME", ""),
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_CONF_DIR": str(home / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def write_settings(file: Path, settings: dict[str, str]) -> None:
    """A properties file of Spark."""
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")


def moved(text: str, places: dict[str, Path]) -> str:
    """A text in which folders of a container are folders of this machine."""
    names = "|".join(map(re.escape, places))
    return re.sub(rf"(?<![\w/])(local://)?({names})(?=/|\s|$)", lambda found: str(places[found[2]]), text)


def copy_study(places: dict[str, Path]) -> None:
    """The example of docker/, in the folder that containers see as /study."""
    for file in (DOCKER / "study").iterdir():
        (places["/study"] / file.name).write_text(moved(file.read_text(encoding="utf-8"), places))


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process, by force after ten seconds."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
