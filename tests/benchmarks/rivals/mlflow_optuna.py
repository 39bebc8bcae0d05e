"""MLflow's Optuna study on Spark: one Spark task per slot, each takes its share of the trials."""

import mlflow
import optuna
from grid import GRID, SLOTS, SPACE, hand_in, load, spark_session, train
from mlflow.optuna.storage import MlflowStorage
from mlflow.pyspark.optuna.study import MlflowSparkStudy

mlflow.set_tracking_uri("sqlite:///mlflow.db")
experiment = mlflow.create_experiment("grid")
spark = spark_session()
data = spark.sparkContext.broadcast(load())


def objective(trial: optuna.Trial) -> float:
    point = {name: trial.suggest_categorical(name, values) for name, values in SPACE.items()}
    return train(point, data.value)


study = MlflowSparkStudy(
    "grid",
    MlflowStorage(experiment_id=experiment),
    sampler=optuna.samplers.GridSampler(SPACE, seed=1),
    direction="maximize",
)
study.optimize(objective, n_trials=len(GRID), n_jobs=SLOTS)
hand_in([trial.value for trial in study.trials if trial.value is not None])
