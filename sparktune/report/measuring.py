"""From an exported model and the rows of a split to their Evaluation."""

from dataclasses import replace
from typing import Literal

import numpy as np

from sparktune.bundle import Bundle
from sparktune.bundle.labels import indices, present
from sparktune.data.dataset import Rows
from sparktune.report.evaluation import CalibrationBin, ClassFigures, Confusion, Evaluation, Residuals

MOST_ROWS = 100_000
MOST_CONFUSIONS = 900
MOST_OUTPUTS = 12
CHUNK = 8192
BINS, PAIRS = 20, 400  # bins of errors; rows that are drawn, predicted by actual
Split = Literal["test", "validation"]


def measure(bundle: Bundle, rows: Rows, split: Split) -> Evaluation:
    """Predict the rows, at most 100,000 spread over the split, and count what is right.

    Raises:
        BundleError: the model cannot be loaded safely.
    """
    step = -(-len(rows) // MOST_ROWS)
    x, y = rows.x[::step], rows.y[::step]
    task, trial = bundle.schema.task, bundle.lineage.trial
    found = Evaluation(trial, split, task, len(x), len(rows))
    if task == "regression":
        raw = np.concatenate([bundle.predict(part) for part in _chunks(x)])
        known = np.isfinite(raw).all(axis=1)
        residuals = _residuals(bundle.schema.label, raw[known], y.reshape(len(y), -1)[known])
        return replace(found, unknown=int((~known).sum()), residuals=residuals)
    if task == "labels":
        names = [str(name) for name in bundle.schema.label_map]
        answered = [present(bundle.predict(part)) for part in _chunks(x)]
        has, known = (np.concatenate(parts) for parts in zip(*answered, strict=True))
        classes = _label_figures(names, has[known], y[known] > 0.5)
        return replace(found, unknown=int((~known).sum()), classes=classes)
    return _with_classes(found, bundle, x, y)


def _with_classes(found: Evaluation, bundle: Bundle, x: np.ndarray, y: np.ndarray) -> Evaluation:
    """The evaluation with its classes, what is confused, and its calibration."""
    names = [str(name) for name in bundle.schema.label_map]
    answers = [_answer(bundle, part) for part in _chunks(x)]
    predicted, known, probability = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    actual, predicted, probability = y[known].astype(np.int64), predicted[known], probability[known]
    came_true = actual == 1 if found.task == "binary" else actual == predicted
    return replace(
        found,
        unknown=int((~known).sum()),
        classes=_class_figures(names, actual, predicted),
        confusions=_confusions(actual, predicted, len(names)),
        calibration=_calibration(probability, came_true),
    )


def _chunks(x: np.ndarray) -> list[np.ndarray]:
    """So few rows at a time that their raw outputs, one per class, need not all be kept."""
    return [x[at : at + CHUNK] for at in range(0, max(len(x), 1), CHUNK)]


def _answer(bundle: Bundle, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The class of each row, whether it has one, and the probability that calibration looks at."""
    raw = bundle.predict(x)
    return *indices(bundle.schema, raw), raw[:, 0] if bundle.schema.task == "binary" else raw.max(axis=1)


def _class_figures(names: list[str], actual: np.ndarray, predicted: np.ndarray) -> tuple[ClassFigures, ...]:
    right = actual[actual == predicted]
    counts = [np.bincount(indices, minlength=len(names)).tolist() for indices in (actual, predicted, right)]
    return tuple(ClassFigures(*figures) for figures in zip(names, *counts, strict=True))


def _label_figures(names: list[str], has: np.ndarray, actual: np.ndarray) -> tuple[ClassFigures, ...]:
    counts = [flags.sum(axis=0).tolist() for flags in (actual, has, actual & has)]
    return tuple(ClassFigures(*figures) for figures in zip(names, *counts, strict=True))


def _confusions(actual: np.ndarray, predicted: np.ndarray, classes: int) -> tuple[Confusion, ...]:
    wrong = actual != predicted
    pairs, rows = np.unique(actual[wrong] * classes + predicted[wrong], return_counts=True)
    most = np.argsort(-rows, kind="stable")[:MOST_CONFUSIONS]
    return tuple(Confusion(*divmod(int(pairs[i]), classes), int(rows[i])) for i in most)


def _calibration(probability: np.ndarray, came_true: np.ndarray) -> tuple[CalibrationBin, ...]:
    """Tenths that hold rows. What is outside 0 to 1, of a model without such outputs, counts as the end."""
    tenth = np.clip((probability * 10).astype(np.int64), 0, 9)
    of_bin = [tenth == n for n in range(10)]
    return tuple(
        CalibrationBin(int(rows.sum()), _rounded(probability[rows].mean()), _rounded(came_true[rows].mean()))
        for rows in of_bin
        if rows.any()
    )


def _residuals(label: str, predicted: np.ndarray, actual: np.ndarray) -> tuple[Residuals, ...]:
    outputs = predicted.shape[1] if len(predicted) else 0
    names = [label] if outputs == 1 else [f"{label}[{n}]" for n in range(outputs)]
    return tuple(
        _residuals_of(name, predicted[:, n].astype(np.float64), actual[:, n].astype(np.float64))
        for n, name in enumerate(names[:MOST_OUTPUTS])
    )


def _residuals_of(name: str, predicted: np.ndarray, actual: np.ndarray) -> Residuals:
    error = predicted - actual
    counts, edges = np.histogram(error, BINS)
    squared, spread = float((error**2).sum()), float(((actual - actual.mean()) ** 2).sum())
    step = -(-len(error) // PAIRS)
    pairs = zip(actual[::step].tolist(), predicted[::step].tolist(), strict=True)
    return Residuals(
        name=name,
        mean=_rounded(error.mean()),
        absolute=_rounded(np.abs(error).mean()),
        root_mean_squared=_rounded((squared / len(error)) ** 0.5),
        r_squared=_rounded(1 - squared / spread) if spread else None,
        edges=tuple(_rounded(edge) for edge in edges),
        counts=tuple(counts.tolist()),
        pairs=tuple((_rounded(a), _rounded(p)) for a, p in pairs),
    )


def _rounded(number: float) -> float:
    """Six digits, which is what somebody may want to see."""
    return float(f"{number:.6g}")
