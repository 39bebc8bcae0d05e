"""What other packages may add, by name. Lazy `module:name` strings: nothing here imports what it names."""

from typing import Any, NamedTuple

from pydantic import ValidationInfo

from sparktune.registry import Registry
from sparktune.spec.base import Fault
from sparktune.spec.messages import one_of

# Validation contexts of a spec.
ANY_SAMPLER = "any sampler"  # the sampler that it names is not looked at
CHECKED = "checked"  # the driver has checked it: samplers and sources of packages need not be installed here

KINDS = Registry(
    "sparktune.kinds",
    {
        "mlp": "sparktune.training.kinds.mlp:MlpSpec",
        "cnn": "sparktune.training.kinds.cnn:CnnSpec",
        "rnn": "sparktune.training.kinds.rnn:RnnSpec",
        "linear": "sparktune.training.kinds.linear:LinearSpec",
        "builder": "sparktune.training.kinds.builder:BuilderSpec",
    },
)


class BuiltinSource(NamedTuple):
    """A built-in data source: its class, and the fields of its section that it must have and may have."""

    place: str
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


BUILTIN_SOURCES = {
    "digits": BuiltinSource("sparktune.data.sources.builtin:Digits"),
    "mnist": BuiltinSource("sparktune.data.sources.builtin:Mnist", uses=("path",)),
    "fashion_mnist": BuiltinSource("sparktune.data.sources.builtin:FashionMnist", uses=("path",)),
    "arrays": BuiltinSource("sparktune.data.sources.arrays:Arrays"),
    "idx": BuiltinSource("sparktune.data.sources.idx:Idx", needs=("path",)),
    "images": BuiltinSource(
        "sparktune.data.sources.image_folder:ImageFolder", needs=("path",), uses=("size", "channels")
    ),
    "npz": BuiltinSource("sparktune.data.sources.numpy_files:Npz", needs=("path",)),
    "npy": BuiltinSource("sparktune.data.sources.numpy_files:Npy", needs=("path", "labels")),
    "csv": BuiltinSource("sparktune.data.sources.tables:Csv", needs=("path", "label")),
    "parquet": BuiltinSource("sparktune.data.sources.tables:Parquet", needs=("path", "label")),
    "arrow": BuiltinSource("sparktune.data.sources.tables:Arrow", needs=("path", "label")),
    "table": BuiltinSource("sparktune.data.sources.spark:SparkTable", needs=("table", "label")),
    "query": BuiltinSource("sparktune.data.sources.spark:SparkQuery", needs=("query", "label")),
}
SOURCES = Registry("sparktune.sources", {name: source.place for name, source in BUILTIN_SOURCES.items()})

ENCODERS = Registry(
    "sparktune.encoders",
    {
        "number": "sparktune.columns.encoders.number:NumberEncoder",
        "category": "sparktune.columns.encoders.category:CategoryEncoder",
        "date": "sparktune.columns.encoders.date:DateEncoder",
        "vector": "sparktune.columns.encoders.vector:VectorEncoder",
    },
)

SAMPLERS = Registry(
    "sparktune.samplers",
    {
        "grid": "sparktune.search.samplers.grid:GridSampler",
        "random": "sparktune.search.samplers.random:RandomSampler",
        "qmc": "sparktune.search.samplers.qmc:QmcSampler",
        "tpe": "sparktune.search.samplers.tpe:TpeSampler",
        "cmaes": "sparktune.search.samplers.cmaes:CmaesSampler",
        "nsga2": "sparktune.search.samplers.nsga2:Nsga2Sampler",
        "gp": "sparktune.search.samplers.gp:GpSampler",
        "optuna": "sparktune.search.samplers.optuna:AnyOptunaSampler",
    },
)

PRUNERS = Registry(
    "sparktune.pruners",
    {
        "top": "sparktune.search.pruners.top:TopPruner",
        "asha": "sparktune.search.pruners.asha:AshaPruner",
        "hyperband": "sparktune.search.pruners.hyperband:HyperbandPruner",
        "pasha": "sparktune.search.pruners.pasha:PashaPruner",
        "median": "sparktune.search.pruners.median:MedianPruner",
        "percentile": "sparktune.search.pruners.percentile:PercentilePruner",
        "patience": "sparktune.search.pruners.patience:PatiencePruner",
        "threshold": "sparktune.search.pruners.threshold:ThresholdPruner",
    },
)


def load_named(registry: Registry, field: str, name: str, info: ValidationInfo) -> Any | None:
    """The extension that a field of the spec names; None where the validation context is `ANY_SAMPLER`.

    Raises:
        Fault: no extension has this name; the message has the nearest one.
        InputError: its package cannot be imported.
    """
    if info.context in (ANY_SAMPLER, CHECKED):
        return None
    if name not in registry:
        raise Fault(one_of(registry.names, name), field, value=name)
    return registry.load(name)
