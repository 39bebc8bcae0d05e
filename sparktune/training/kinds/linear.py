"""Linear, logistic and softmax regression."""

from typing import Any, ClassVar, Literal, final

from pydantic import Field

from sparktune.spec.base import NonNegative
from sparktune.training.kinds.layered import LayeredKind, Layers, flat, weight_penalty


@final
class LinearSpec(LayeredKind):
    """Linear, logistic or softmax regression: one dense layer on the inputs."""

    kind: Literal["linear"] = "linear"
    l1: NonNegative = Field(0.0, description="L1 penalty on the kernel")
    l2: NonNegative = Field(0.0, description="L2 penalty on the kernel")

    batchable: ClassVar[bool] = True

    def hidden_layers(self, shape: tuple[int, ...]) -> Layers:
        """None; the output layer is the only one."""
        return flat(shape)

    def embedding_width(self, codes: int) -> int | None:
        """None: every code has a weight of its own."""
        return None

    @property
    def output_penalty(self) -> Any:
        """The penalty on the only kernel."""
        return weight_penalty(self.l1, self.l2)
