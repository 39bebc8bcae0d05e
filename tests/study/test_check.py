"""The user's own code is tried in a process that it may end or block."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from studies import data, document

from sparktune.data import load_dataset
from sparktune.errors import ModelError, SpecError
from sparktune.spec import StudySpec, parse_spec
from sparktune.study.check import SECONDS, check_own_code, check_study
from tests.launch.forks import alive, until

pytestmark = pytest.mark.usefixtures("fork_server")


def study(folder: Path, name: str, **sections: object) -> StudySpec:
    return parse_spec(document(folder, model={"builder": f"builders:{name}"}, **sections))


def test_a_sound_builder_passes_and_what_it_prints_harms_nothing(tmp_path) -> None:
    spec = study(tmp_path, "plain")
    check_study(spec, load_dataset(spec, arrays=data()))


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("vanishes", r"process that tried 'builders:vanishes' exited with code 7; remove what ends"),
        ("crashes", r"process that tried 'builders:crashes' was killed by SIGSEGV"),
        ("leaves", r"'builders:leaves' raised SystemExit: no licence \(params"),
        ("absent", r"'builders' holds no 'absent'"),
    ],
)
def test_what_a_builder_does_to_its_process_is_told(tmp_path, name, how) -> None:
    spec = study(tmp_path, name)
    with pytest.raises(ModelError, match=rf"^model\.builder must .*{how}"):
        check_study(spec, load_dataset(spec, arrays=data()))


def test_a_builder_that_blocks_is_given_up_and_ended(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BUILDER_PID", str(tmp_path / "pid"))
    spec = study(tmp_path, "hangs")
    started = time.monotonic()
    with pytest.raises(ModelError, match=r"within 8 s, .* 'builders:hangs' did not end within 8 s; remove"):
        check_own_code(spec, load_dataset(spec, arrays=data()).schema, seconds=8)
    assert time.monotonic() - started < 20
    process = int((tmp_path / "pid").read_text())
    assert until(lambda: not alive(process))


def test_a_callback_is_named_beside_the_builder(tmp_path) -> None:
    (tmp_path / "ends.py").write_text("import os; os._exit(5)")
    sys.path.insert(0, str(tmp_path))
    callbacks = [{"kind": "custom", "callback": "ends:Callback"}]
    spec = study(tmp_path, "plain", training={"callbacks": callbacks})
    with pytest.raises(
        ModelError,
        match=r"^model.builder and training.callbacks\[0\].callback .* 'ends:Callback' exited .* 5",
    ):
        check_own_code(spec, load_dataset(spec, arrays=data()).schema)
    sys.path.remove(str(tmp_path))


def test_errors_of_the_study_keep_their_class(tmp_path) -> None:
    spec = study(tmp_path, "plain", training={"metrics": ["top_5_accuracy"]})
    with pytest.raises(SpecError, match="top_5_accuracy"):
        check_study(spec, load_dataset(spec, arrays=data()))


def test_built_in_kinds_need_no_tensorflow(tmp_path) -> None:
    script = """
import sys
from pathlib import Path
from studies import data, document
from sparktune.data import load_dataset
from sparktune.spec import parse_spec
from sparktune.study.check import check_study
spec = parse_spec(document(Path(sys.argv[1])))
check_study(spec, load_dataset(spec, arrays=data()))
print("tensorflow" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def tune_command(folder: Path, builder: str) -> list[str]:
    import numpy as np

    x, y = data()
    np.savez(folder / "rows.npz", x=x, y=y)
    source = {"source": "npz", "path": str(folder / "rows.npz"), "validation": {"fraction": 0.25}}
    spec = document(folder, data=source, model={"builder": f"builders:{builder}"})
    (folder / "study.yaml").write_text(yaml.safe_dump(spec))
    return [sys.executable, "-m", "sparktune", "tune", "--config", str(folder / "study.yaml")]


def test_the_command_refuses_such_a_builder_as_bad_input(tmp_path) -> None:
    done = subprocess.run(tune_command(tmp_path, "vanishes"), capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 2
    assert "'builders:vanishes' exited with code 7" in done.stderr.replace("\n", " ")
    assert not (tmp_path / "studies").exists()


def test_ctrl_c_ends_a_check_that_blocks(tmp_path) -> None:
    environment = {**os.environ, "BUILDER_PID": str(tmp_path / "pid")}
    driver = subprocess.Popen(
        tune_command(tmp_path, "hangs"),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment,
    )
    assert until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "", SECONDS)
    os.killpg(driver.pid, signal.SIGINT)
    errors = driver.communicate(timeout=30)[1]
    assert driver.returncode == 130
    assert "Traceback" not in errors
    process = int((tmp_path / "pid").read_text())
    assert until(lambda: not alive(process))
