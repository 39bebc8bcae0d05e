"""The bundle of any trial of a study's Pareto front, made where it is asked for."""

from pathlib import Path

from sparktune.bundle import Bundle, export_bundle
from sparktune.bundle.example import example_inputs, read_example
from sparktune.bundle.manifest import MANIFEST, read_manifest
from sparktune.errors import InputError
from sparktune.ledger import Ledger
from sparktune.training.user_code import import_own_code

FOLDER = "pareto"


def export_trial(directory: Path, trial: int) -> Bundle:
    """The kept model of a trial as a bundle, in `pareto/TRIAL` of the study directory.

    Columns, labels and example rows are those of the study's own bundle, so the data need not be there: the
    engines are compared with the model on these rows, and it is not measured again. A bundle that lies there
    is made again.

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
    from sparktune.study.export_worker import engines_of  # it is run elsewhere, so not loaded before

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
    section, _ = ledger.spec.configured(result.params)
    import_own_code(section)  # registers the layers of the user's own
    example = read_example(own)
    return export_bundle(
        model,
        manifest.columns,
        manifest.lineage.model_copy(update=lineage),
        directory / FOLDER / str(trial),
        engines_of(section, model),
        example[1] if example else None,
        example_inputs(own, manifest.columns),
    )
