"""Optuna in one process, a thread per slot."""

import optuna
from grid import GRID, SLOTS, SPACE, hand_in, load, train

data = load()


def objective(trial: optuna.Trial) -> float:
    return train({name: trial.suggest_categorical(name, values) for name, values in SPACE.items()}, data)


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.GridSampler(SPACE, seed=1))
study.optimize(objective, n_trials=len(GRID), n_jobs=SLOTS)
hand_in([trial.value for trial in study.trials if trial.value is not None])
