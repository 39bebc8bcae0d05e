"""Files of a run keep the names that they are given."""

from pathlib import Path

from mlflow import MlflowClient

from sparktune.tracking.mlflow.artifacts import write_artifacts


def test_text_files_and_folders_go_by_their_names(store: str, tmp_path: Path) -> None:
    client = MlflowClient(tracking_uri=store)
    place = client.create_experiment("files", artifact_location=str(tmp_path / "place"))
    run_id = client.create_run(place).info.run_id
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "loss.svg").write_text("<svg/>")
    (tmp_path / "table.csv").write_text("trial,value\n")
    table, plots = tmp_path / "table.csv", tmp_path / "plots"
    write_artifacts(
        client, run_id, {"note.txt": "well", "tables/trials.csv": table, "table.csv": table, "p": plots}
    )
    folder = tmp_path / "place" / run_id / "artifacts"
    found = {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}
    csv = "trial,value\n"
    assert found == {"note.txt": "well", "tables/trials.csv": csv, "table.csv": csv, "p/loss.svg": "<svg/>"}
