"""Commands of exported models."""

from tests.cli.command import run


def test_a_table_is_scored_into_a_target_only(capsys) -> None:
    code, _, err = run(capsys, "score", "--model", "bundle", "--input", "rows.parquet")
    assert code == 2
    assert "--output" in err
