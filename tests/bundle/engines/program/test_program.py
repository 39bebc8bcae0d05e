"""A program as a file: JSON and arrays, no code."""

import pickle
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from sparktune.bundle.engines.program.compute import Computation
from sparktune.bundle.engines.program.program import read_program, write_program
from sparktune.bundle.engines.program.simplified import simplified
from sparktune.bundle.engines.program.translation import translate
from sparktune.errors import BundleError
from tests.bundle.engines.program.networks import NETWORKS, network, rows


@pytest.mark.parametrize("name", NETWORKS)
def test_it_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    model = network(name)
    for program in (translate(model), simplified(translate(model))):
        write_program(program, tmp_path / "p.npz")
        again, x = read_program(tmp_path / "p.npz"), rows(model)
        np.testing.assert_array_equal(Computation(again).run(x), Computation(program).run(x))
        assert again.shapes == program.shapes


def test_numpy_shows_the_file(tmp_path: Path) -> None:
    write_program(translate(network("scaled_chain")), tmp_path / "p.npz")
    with np.load(tmp_path / "p.npz") as shown:
        assert shown["2.kernel"].shape == (6, 8)
        assert shown["program.json"].startswith(b'{"format": 1, "input_shape": [6]')


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.npz"
    file.write_bytes(b"no zip")
    with pytest.raises(BundleError, match="is not a program that this version reads"):
        read_program(file)
    with ZipFile(file, "w") as members:
        members.writestr("program.json", '{"format": 2}')
    with pytest.raises(BundleError, match="format 2"):
        read_program(file)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code ran')",)


def test_no_code_in_the_file_runs(tmp_path: Path) -> None:
    array = np.array([None], object)
    array[0] = Evil()
    with ZipFile(tmp_path / "p.npz", "w") as members:
        members.writestr("program.json", '{"format": 1, "input_shape": [1], "steps": []}')
        with members.open("0.kernel.npy", "w") as member:
            np.lib.format.write_array_header_1_0(
                member, {"descr": "|O", "fortran_order": False, "shape": (1,)}
            )
            pickle.dump(array, member)
    with pytest.raises(BundleError, match="Object arrays cannot be loaded"):
        read_program(tmp_path / "p.npz")
