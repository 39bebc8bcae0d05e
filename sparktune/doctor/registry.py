"""The checks of the doctor, in the order in which they are made; other packages may add some."""

from sparktune.registry import Registry

CHECKS = Registry(
    "sparktune.doctor",
    {
        "python": "sparktune.doctor.driver:check_python",
        "memory": "sparktune.doctor.driver:check_memory",
        "study": "sparktune.doctor.places:check_study_directory",
        "mlflow": "sparktune.doctor.tracking:check_mlflow",
        "spark": "sparktune.doctor.spark:check_spark",
        "disk": "sparktune.doctor.spark:check_disk",
        "executors": "sparktune.doctor.executors:check_hosts",
        "slots": "sparktune.doctor.spark:check_slots",  # once executors are there
        "checkpoints": "sparktune.doctor.places:check_checkpoints",
    },
)
