"""The layout of the package: few rooms, imports that point one way, no circles, and nothing private read from outside.

Imports are read with `ast`: those inside functions and under `if TYPE_CHECKING:` count like all others.
"""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import maxent_irl

PACKAGE = Path(maxent_irl.__file__).parent

# What lies at the root, in the order in which things may import one another: only from names before their own.
LADDER = [
    "_checks",
    "mdp",
    "demonstrations",
    "worlds",
    "inference",
    "rewards",
    "likelihood",
    "routes",
    "estimators",
    "uncertainty",
    "metrics",
    "control",
    "datasets",
    "plotting",
    "report",
    "lesson",
    "cli",
]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
FOLDERS = sorted({path.parent for path in MODULES} - {PACKAGE})
READERS = ("uncertainty", "metrics", "plotting", "report", "lesson", "cli")


def imported(path: Path) -> set[str]:
    """Dotted names below maxent_irl of every module that a file imports; "" is the package itself."""
    parents = ("maxent_irl", *path.relative_to(PACKAGE).parent.parts)
    return imported_by(path.read_text(encoding="utf-8"), parents)


def imported_by(source: str, parents: tuple[str, ...]) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            names = [
                f"{module}.{alias.name}" if is_module(f"{module}.{alias.name}") else module for alias in node.names
            ]
        found |= {name.partition(".")[2] for name in names if name.split(".")[0] == "maxent_irl"}
    return found


def is_module(dotted: str) -> bool:
    place = PACKAGE.joinpath(*dotted.split(".")[1:])
    return dotted.startswith("maxent_irl.") and (place.is_dir() or place.with_suffix(".py").exists())


def violations(name: str, imports: set[str]) -> list[str]:
    """What is wrong with the imports of a module of the folder or root module `name`."""
    wrong = []
    for other in sorted(imports):
        head = other.split(".")[0]
        if head == "":
            wrong.append("import from the module that holds the name, not from maxent_irl")
        elif head not in LADDER:
            wrong.append(f"maxent_irl.{head} is not in LADDER")
        elif LADDER.index(head) > LADDER.index(name):
            wrong.append(f"{name} imports {other}, which stands below it")
    return wrong


def test_the_root_holds_the_ladder_and_nothing_else():
    entries = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    entries -= {"data"}  # of a wheel: the top-level folder datasets/
    assert entries - {"__init__", "py.typed"} == set(LADDER)
    assert len(entries - {"py.typed"}) <= 18
    assert {name for name in entries if name.startswith("_")} == {"__init__", "_checks"}
    assert len(set(LADDER)) == len(LADDER)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert violations(name, imported(path)) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(PACKAGE)))
def test_no_circles_within_a_folder(folder):
    prefix = ".".join(folder.relative_to(PACKAGE).parts)

    def node(dotted: str) -> str | None:
        """The file or folder directly below `folder` that a module belongs to."""
        if dotted == prefix:
            return "__init__"
        return dotted.removeprefix(prefix + ".").split(".")[0] if dotted.startswith(prefix + ".") else None

    graph: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        here = parts[0]
        graph.setdefault(here, set()).update({node(dotted) for dotted in imported(path)} - {None, here})
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(f"{prefix}: {' -> '.join(circle.args[1])}")


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.relative_to(PACKAGE).parts[0].removesuffix(".py") in READERS],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_nothing_private_of_an_estimator_is_read(path):
    private = re.findall(r"\b(?:estimator|model|fit|fitted|fit_)\._(?!_)\w+", path.read_text(encoding="utf-8"))
    assert private == []


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("mdp", "from maxent_irl.inference import soft_value_iteration", "mdp imports inference, which stands below"),
        ("mdp", "def f():\n    import maxent_irl.cli", "mdp imports cli"),
        ("mdp", "if TYPE_CHECKING:\n    from ..inference import SoftSolution", "mdp imports inference"),
        ("worlds", "from .. import inference", "worlds imports inference"),
        ("mdp", "from maxent_irl import MDP", "not from maxent_irl"),
        ("mdp", "import maxent_irl", "not from maxent_irl"),
    ],
)
def test_violations_are_seen(name, source, complaint):
    (found,) = violations(name, imported_by(source, ("maxent_irl", name)))
    assert complaint in found


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np",
        "from maxent_irl.mdp import MDP",
        "from ..mdp.process import MDP",
        "from .gridworld import GridWorld",
    ],
)
def test_allowed_imports_pass(source):
    assert violations("worlds", imported_by(source, ("maxent_irl", "worlds"))) == []
