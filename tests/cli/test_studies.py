"""Commands of study directories."""

import json

from tests.cli.command import run


def test_a_folder_that_is_no_study_is_bad_input(capfd, tmp_path) -> None:
    code, out, err = run(capfd, "sync", str(tmp_path), "--json")
    assert (code, json.loads(out)["error"]["type"]) == (2, "StudyDirectoryError")
    assert "ledger.jsonl" in err
