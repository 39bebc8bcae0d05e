"""The bundle of any trial of a study's Pareto front, made where it is asked for."""

from pathlib import Path

from sparktune.bundle import Bundle, export_bundle
from sparktune.bundle.manifest import MANIFEST, read_manifest
from sparktune.errors import InputError
from sparktune.ledger import Ledger
from sparktune.training.user_code import import_own_code

FOLDER = "pareto"


def export_trial(directory: Path, trial: int) -> Bundle:
    """The kept model of a trial as a bundle, in `pareto/TRIAL` of the study directory.

    Columns, labels and engines are those of the study's own bundle, so the data need not be there: the model
    is compared with its engines, and not measured again. A bundle that lies there is made again.

    Args:
        directory: of a study that has ended.
        trial: number of a trial of the Pareto front.

    Raises:
        InputError: the trial is none of the front, or the study has no bundle yet.
        StudyDirectoryError: the directory holds no study.
        BundleError: it cannot be written.

    Example:
        >>> from sparktune.study import export_trial
        >>> export_trial(Path("studies/digits"), 11).path  # doctest: +SKIP
        PosixPath('studies/digits/pareto/11')
    """
    ledger, own = Ledger.read(directory), directory / "bundle"
    model, result = ledger.model(trial), ledger.results.get(trial)
    if model is None or result is None:
        front = ", ".join(str(member.trial) for member in ledger.front.ranked) or "none yet"
        raise InputError(
            f"the trial must be one whose model is kept ({front}), but got {trial}: only those are that no "
            "other one beats"
        )
    if not (own / MANIFEST).exists():
        raise InputError(f"{directory} must hold the bundle of a study that has ended; run it to its end")
    manifest = read_manifest(own)
    lineage = {"trial": trial, "params": result.params, "value": result.value, "epoch": result.epoch}
    import_own_code(ledger.spec.configured(result.params)[0])  # registers the layers of the user's own
    return export_bundle(
        model,
        manifest.columns,
        manifest.lineage.model_copy(update=lineage),
        directory / FOLDER / str(trial),
        tuple(manifest.engines),
    )
