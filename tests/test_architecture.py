"""The habits of the house: imports point down, libraries stay at home, names are documented and tested."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import grimp
import pytest

import sparktune

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sparktune"
BIN = Path(sys.executable).parent

# The rooms that may import a library, at the top of a file or inside a function.
HOMES = {
    "tensorflow": ("sparktune.training", "sparktune.bundle.engines"),
    "keras": ("sparktune.training", "sparktune.bundle.engines", "sparktune.data.sources.keras_datasets"),
    "mlflow": ("sparktune.tracking.mlflow", "sparktune.bundle.mlflow"),
    "pyspark": ("sparktune.launch", "sparktune.scoring", "sparktune.ml"),
    "sklearn": ("sparktune.data",),
    "typer": ("sparktune.cli",),
    "rich": ("sparktune.cli", "sparktune.report"),
    "matplotlib": ("sparktune.report",),
    "optuna": ("sparktune.report", "sparktune.search"),
    "onnx": ("sparktune.bundle.engines",),
    "onnxruntime": ("sparktune.bundle.engines",),
    "tensorboard": ("sparktune.report",),
}
LIGHT = ("sparktune", "sparktune.errors", "sparktune.trial", "sparktune.spec")
HEAVY = ("numpy", "pandas", "pyarrow", "sklearn", "tensorflow", "keras", "pyspark", "mlflow")
# Classes that need not be abstract or final: errors, enumerations, protocols and tuples.
NEITHER = {"Exception", "ValueError", "StrEnum", "Protocol", "NamedTuple"}
SPEC_BASES = {
    "Frozen",
    "Section",
    "ModelSection",
    "EncoderOptions",
}  # a subclass adds fields, so they have no abstract method


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "sparktune", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


def sources() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]


def packages() -> list[str]:
    folders = [path.parent.relative_to(ROOT) for path in sorted(PACKAGE.rglob("__init__.py"))]
    return [".".join(folder.parts) for folder in folders]


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports", "--no-cache"),
    ],
    ids=lambda command: "-".join(command[:2]).rstrip("-."),
)
def test_lint(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def test_no_import_cycles(graph: grimp.ImportGraph) -> None:
    own = {name for name in graph.modules if name.split(".")[0] == "sparktune"}
    TopologicalSorter({name: graph.find_modules_directly_imported_by(name) & own for name in own}).prepare()


@pytest.mark.parametrize("library", HOMES)
def test_library_stays_at_home(graph: grimp.ImportGraph, library: str) -> None:
    homes = HOMES[library]
    users = graph.find_modules_that_directly_import(library) if library in graph.modules else set()
    strangers = sorted(u for u in users if not any(u == h or u.startswith(f"{h}.") for h in homes))
    assert not strangers, f"{library} belongs to {homes}"


@pytest.mark.parametrize("room", ["bundle", "scoring"])
def test_only_engines_know_keras_by_name(room: str) -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {text}"
        for path in sources()
        if path.is_relative_to(PACKAGE / room) and not path.is_relative_to(PACKAGE / "bundle" / "engines")
        for text in strings_and_imports(ast.parse(path.read_text(encoding="utf-8")))
        if re.search(r"\b(keras|tensorflow)\b", text, re.IGNORECASE)
    }
    assert not found


def strings_and_imports(tree: ast.AST) -> list[str]:
    """The strings in code, and the modules it imports; docstrings, which stand alone as statements, aside."""
    nodes = list(ast.walk(tree))
    alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    strings = [n.value for n in nodes if isinstance(n, ast.Constant) and id(n) not in alone]
    modules = [alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names]
    origins = [str(n.module) for n in nodes if isinstance(n, ast.ImportFrom)]
    return [*(text for text in strings if isinstance(text, str)), *modules, *origins]


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_no_heavy_library(module: str) -> None:
    loaded = f"import {module}, sys; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    "module", ["sparktune.training", "sparktune.tracking", "sparktune.bundle", "sparktune.launch"]
)
def test_rooms_load_their_library_when_it_is_used(module: str) -> None:
    loaded = f"import {module}, sys; print(*sorted({{'tensorflow', 'keras', 'mlflow'}} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("package", packages())
def test_exported_names_exist_and_are_documented(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__doc__, f"{package} needs a docstring"
    exported = getattr(module, "__all__", [])
    assert exported or package.count(".") > 1, f"{package} is a room and exports nothing"
    for name in exported:
        member = getattr(module, name)
        if inspect.isclass(member) or inspect.isroutine(member):
            assert own_docstring(member), f"{package}.{name} needs a docstring"


def test_types_in_public_signatures_are_public() -> None:
    own = {
        node.name
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    members = [getattr(sparktune, name) for name in sparktune.__all__]
    methods = [m for c in members if inspect.isabstract(c) for m in vars(c).values()]
    unwrapped = [getattr(m, "__func__", getattr(m, "fget", m)) for m in (*members, *methods)]
    functions = [m for m in unwrapped if inspect.isfunction(m)]
    named = {w for f in functions for a in f.__annotations__.values() for w in re.findall(r"\w+", shown(a))}
    assert (named & own) - {"Wait"} <= set(sparktune.__all__)  # the one Wait there is is sparktune.WAIT


def shown(annotation: Any) -> str:
    """The names in an annotation, as text."""
    return annotation.__name__ if inspect.isclass(annotation) else str(annotation)


def own_docstring(member: object) -> str:
    """The docstring that somebody wrote: neither inherited nor made by dataclass."""
    text = vars(member).get("__doc__") if inspect.isclass(member) else member.__doc__
    made = text is not None and text.startswith(f"{getattr(member, '__name__', '')}(")
    return "" if text is None or made else text


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_public_definitions_are_documented(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module needs a docstring"
    bare = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not bare, f"{bare} need a docstring"


def test_every_module_has_a_test_of_its_name() -> None:
    lacking = {
        str(path.relative_to(PACKAGE))
        for path in sources()
        if not (ROOT / "tests" / path.relative_to(PACKAGE).with_name(f"test_{path.name}")).exists()
    }
    assert not lacking


def test_the_table_of_rooms_names_every_module() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Rooms")[2]
    rows = dict(re.findall(r"^\| `(\w+)/` \| (.*)", table, re.MULTILINE))
    lacking = {
        f"{room}/{path.name}"
        for room, row in rows.items()
        for path in (PACKAGE / room).iterdir()
        if not path.name.startswith("_") and path.stem.removesuffix("_worker") not in re.findall(r"\w+", row)
    }
    assert set(rows) == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert not lacking, "docs/architecture.md says in its table of rooms what each file has"


def test_a_class_is_abstract_or_final() -> None:
    nodes = [node for path in sources() for node in definitions(path)]
    classes = {node.name: node for node in nodes}
    bases = {base for node in nodes for base in names(node.bases)}
    neither = [
        node.name
        for node in nodes
        if not ancestors(node.name, classes) & NEITHER
        and (node.name in bases) == ("final" in names(node.decorator_list))
    ]
    assert not neither, "a class that no other extends is @final, one that is extended is not"
    concrete = [
        name
        for name in bases & set(classes) - SPEC_BASES
        if not ancestors(name, classes) & NEITHER and not abstract_names(name, classes)
    ]
    assert not concrete, "a class that others extend has an abstract method"


def definitions(path: Path) -> list[ast.ClassDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def names(nodes: list[ast.expr]) -> set[str]:
    """The last names of bases or decorators: that of `abc.ABC` is ABC, that of `Generic[T]` is Generic."""
    return {ast.unparse(node).split("[")[0].split("(")[0].split(".")[-1] for node in nodes}


def ancestors(name: str, classes: dict[str, ast.ClassDef]) -> set[str]:
    bases = names(classes[name].bases) if name in classes else set()
    return bases.union(*(ancestors(base, classes) for base in bases))


def abstract_names(name: str, classes: dict[str, ast.ClassDef]) -> set[str]:
    """The methods that a subclass has yet to define."""
    if name not in classes:
        return set()
    inherited = set[str]().union(*(abstract_names(base, classes) for base in names(classes[name].bases)))
    methods = [node for node in classes[name].body if isinstance(node, ast.FunctionDef)]
    abstract = {node.name for node in methods if "abstractmethod" in names(node.decorator_list)}
    return (inherited - {node.name for node in methods}) | abstract


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150
