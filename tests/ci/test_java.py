"""`.ci/java` on pretended systems: a PATH of stubs, no java but those that a test puts there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "java"
TOOLS = ("sed", "grep", "cat", "chmod", "mkdir")

DEBIAN = 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12"\n'
UBUNTU = "ID=ubuntu\nID_LIKE=debian\n"
FEDORA = "ID=fedora\n"


class System:
    """A pretended system below `folder`: its commands, its /etc/os-release, its user."""

    def __init__(self, folder: Path, release: str = "", user: int = 1000, kernel: str = "Linux") -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        self.command("id", f"echo {user}")
        self.command("uname", f"echo {kernel}")
        (folder / "os-release").write_text(release)

    def command(self, name: str, script: str) -> None:
        write_script(self.bin / name, script)

    def apt(self, package: str, version: str = "17") -> None:
        """An apt-get that knows `package` alone, and installs a java of `version`."""
        java = f"cat > {self.bin}/java <<'END'\n#!/bin/sh\n{java_script(version, '/usr/lib/jvm/new')}\nEND\n"
        self.command(
            "apt-get",
            f'echo "$*" >> {self.folder}/apt.log\n'
            f'case "$*" in update*) exit 0;; *" {package}") ;; *) exit 100;; esac\n'
            f"{java}chmod +x {self.bin}/java",
        )

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {"PATH": str(self.bin), "JAVA_FOLDERS": "", "OS_RELEASE": str(self.folder / "os-release")}
        return subprocess.run(
            ["/bin/sh", str(SCRIPT)], env={**clean, **environment}, capture_output=True, text=True, timeout=60
        )


def write_script(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def java_script(version: str, home: str) -> str:
    """A java that answers as the real one does when asked for its properties: on standard error."""
    return f"echo '    java.home = {home}' >&2; echo '    java.specification.version = {version}' >&2"


def java_home(folder: Path, version: str) -> Path:
    write_script(folder / "bin" / "java", java_script(version, str(folder)))
    return folder


def test_the_java_of_this_machine_is_found() -> None:
    done = subprocess.run([str(SCRIPT)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert os.access(Path(done.stdout.strip()) / "bin" / "java", os.X_OK)


@pytest.mark.parametrize("version", ["17", "21", "25"])
def test_java_home_comes_first(tmp_path: Path, version: str) -> None:
    system = System(tmp_path)
    system.command("java", java_script("17", "/on/path"))
    home = java_home(tmp_path / "a folder", version)
    assert system.run(JAVA_HOME=str(home)).stdout == f"{home}\n"


@pytest.mark.parametrize("version", ["1.8", "11", "16"])
def test_a_java_home_that_is_too_old_gives_way_to_the_path(tmp_path: Path, version: str) -> None:
    system = System(tmp_path)
    system.command("java", java_script("17", "/on/path"))
    old = java_home(tmp_path / "old", version)
    assert system.run(JAVA_HOME=str(old)).stdout == "/on/path\n"


def test_usual_folders_come_last(tmp_path: Path) -> None:
    java_home(tmp_path / "jvm" / "java-11", "11")
    new = java_home(tmp_path / "jvm" / "java-21", "21")
    assert System(tmp_path).run(JAVA_FOLDERS=f"{tmp_path}/jvm/*").stdout == f"{new}\n"


def test_a_stub_that_fails_is_no_java(tmp_path: Path) -> None:
    system = System(tmp_path, kernel="Darwin")
    system.command("java", "echo 'Unable to locate a Java Runtime.' >&2; exit 1")
    assert "brew install openjdk@17" in system.run().stderr


@pytest.mark.parametrize("release", [DEBIAN, UBUNTU])
@pytest.mark.parametrize(
    "package", ["openjdk-17-jre-headless", "openjdk-21-jre-headless", "default-jre-headless"]
)
def test_root_on_debian_gets_what_its_release_has(tmp_path: Path, release: str, package: str) -> None:
    system = System(tmp_path, release, user=0)
    system.apt(package)
    done = system.run()
    assert (done.returncode, done.stdout) == (0, "/usr/lib/jvm/new\n"), done.stderr
    assert (tmp_path / "apt.log").read_text().startswith("update")


def test_a_package_that_is_too_old_is_no_answer(tmp_path: Path) -> None:
    system = System(tmp_path, DEBIAN, user=0)
    system.apt("default-jre-headless", version="11")
    done = system.run()
    assert done.returncode == 1
    assert "Java 11 at java is too old" in done.stderr


def test_nothing_is_installed_where_java_is(tmp_path: Path) -> None:
    system = System(tmp_path, DEBIAN, user=0)
    system.apt("openjdk-17-jre-headless")
    system.command("java", java_script("17", "/on/path"))
    assert system.run().stdout == "/on/path\n"
    assert not (tmp_path / "apt.log").exists()


@pytest.mark.parametrize(
    ("release", "kernel", "environment", "command"),
    [
        (DEBIAN, "Linux", {}, "sudo apt-get install openjdk-17-jre-headless"),
        (UBUNTU, "Linux", {}, "sudo apt-get install openjdk-17-jre-headless"),
        (FEDORA, "Linux", {}, "sudo dnf install java-21-openjdk-headless"),
        ("", "Darwin", {}, "brew install openjdk@17"),
        (FEDORA, "Linux", {"CONDA_PREFIX": "/opt/conda"}, "conda install -c conda-forge openjdk=17"),
        ("ID=plan9\n", "Linux", {}, "conda install -c conda-forge openjdk=17"),
    ],
)
def test_elsewhere_the_message_names_the_command(
    tmp_path: Path, release: str, kernel: str, environment: dict[str, str], command: str
) -> None:
    done = System(tmp_path, release, kernel=kernel).run(**environment)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Java 17 or newer" in done.stderr
    assert command in done.stderr


def test_the_message_names_what_is_too_old(tmp_path: Path) -> None:
    old = java_home(tmp_path / "old", "11")
    assert f"Java 11 at {old}/bin/java is too old." in System(tmp_path, FEDORA).run(JAVA_HOME=str(old)).stderr
