"""The section `resources`: what each trial gets, and its limits."""

from typing import Literal, final

from pydantic import Field, model_validator

from sparktune.spec.base import Count, Fault, NonNegative, Positive, Section
from sparktune.spec.byte_size import Memory


@final
class ResourcesSpec(Section):
    """What one trial gets, and how many trials run at once."""

    launcher: Literal["auto", "spark", "local"] = Field(
        "auto", description="auto: Spark where there is a session or a master, else local processes"
    )
    cpus: Count = Field(1, description="cores of each trial; bounds TensorFlow's threads")
    gpus: NonNegative = Field(0.0, description="GPUs of each trial; a fraction shares one")
    parallelism: Count | None = Field(None, description="trials at once; what the cluster can run by default")
    fuse: Count | None = Field(
        1,
        description="experimental: number of similar small trials trained as one computation; 1: each alone",
    )
    segment_seconds: Positive = Field(
        60.0, description="a trial that takes longer goes on from a checkpoint, anywhere, so often"
    )
    trial_seconds: Positive | None = Field(
        None, description="a trial that has trained for longer is TIMED_OUT; unbounded by default"
    )
    memory: Memory | None = Field(
        None,
        description="bytes, or such as 2GB: a trial whose process grows by more is OUT_OF_MEMORY; training "
        "data do not count; unbounded by default",
    )
    preload: bool = Field(True, description="fork Spark's workers from a process that has TensorFlow loaded")

    @model_validator(mode="after")
    def _gpus_by_spark(self) -> "ResourcesSpec":
        if self.launcher == "local" and self.gpus:
            raise Fault(
                "must be 0 for launcher local; use launcher: spark, which places GPUs",
                "gpus",
                value=self.gpus,
            )
        return self

    @model_validator(mode="after")
    def _limits_of_each(self) -> "ResourcesSpec":
        if (self.trial_seconds is not None or self.memory is not None) and self.fuse not in (None, 1):
            raise Fault(
                "must be 1 beside trial_seconds or memory: trials that train as one end as one; remove one",
                "fuse",
                value=self.fuse,
            )
        return self
