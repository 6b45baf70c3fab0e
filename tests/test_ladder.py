"""The one-way ladder: a module of maxent_irl imports only from its own rung and from rungs above it.

The imports are read with `ast`, so one hidden inside a function counts too; only those under
`if TYPE_CHECKING:` do not, because they never run.
"""

import ast
from pathlib import Path

import pytest

import maxent_irl

PACKAGE = Path(maxent_irl.__file__).parent

# From the foundations down. Modules on one rung may import one another; a name stands for a module or for a
# whole subpackage. A new module has to be added here, on the highest rung that holds everything it imports.
RUNGS = [
    {"_version"},
    {"_numerics", "_parallel", "_repr"},
    {"_validation", "_npz"},
    {"mdp", "_mdp_inputs", "_structure"},
    {
        *("demonstrations", "_labels", "_trajectory", "_trajectory_files", "_trajectory_formats", "_trajectory_tables"),
        *("_feasibility", "_labelled", "_draws", "joined", "sampling", "sufficient_statistics"),
    },
    {"worlds"},
    {
        "inference",
        "_soft_backup",
        "_linear_systems",
        "_goal_systems",
        "_cycles",
        "_path_moments",
        "_receding_plan",
        "goal_policies",
        "receding_policies",
    },
    {"visitations", "routes"},
    {"rewards"},
    {"likelihood", "task_sums", "goal_likelihood", "_goal_sums", "receding_likelihood"},
    {"information", "_separation"},
    {"estimators"},
    {"uncertainty"},
    {"metrics"},
    {"control"},
    {"datasets"},
    {"plotting"},
    {"report"},
    {"lesson"},
    {"cli", "_recovery", "_table_grid"},
]
RUNG_OF = {name: rung for rung, names in enumerate(RUNGS) for name in names}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def rung_name(path: Path) -> str:
    """Module or subpackage directly under maxent_irl that the file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(source: str, parents: tuple[str, ...]) -> list[tuple[int, str]]:
    """(line, first component below maxent_irl) of every import of the package; "" is the package itself.

    `parents` are the packages the source lies in, ("maxent_irl", "worlds"): what relative imports start from.
    """
    found = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.orelse:
                visit(child)
            return
        dotted = []
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            # `from maxent_irl import mdp` names a module, `from maxent_irl import MDP` the package itself.
            is_package = module == "maxent_irl"
            dotted = [f"{module}.{alias.name}" for alias in node.names] if is_package else [module]
        for name in dotted:
            head, _, tail = name.partition(".")
            if head == "maxent_irl":
                below = tail.split(".")[0]
                found.append((node.lineno, below if is_module(below) else ""))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(source))
    return found


def is_module(name: str) -> bool:
    return name in RUNG_OF or (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists()


def violations(name: str, source: str, parents: tuple[str, ...] = ("maxent_irl",)) -> list[str]:
    """What is wrong with the imports of a module that lies on the rung of `name`, one line each."""
    if name not in RUNG_OF:
        return [f"maxent_irl.{name} is on no rung: add it to RUNGS in tests/test_ladder.py"]
    wrong = []
    for line, imported in imported_names(source, parents):
        if imported == "":
            if name == "lesson":  # it shows what its readers are to write: public names
                continue
            wrong.append(f"line {line}: import from the module that holds the name, not from maxent_irl")
        elif imported not in RUNG_OF:
            wrong.append(f"line {line}: maxent_irl.{imported} is on no rung: add it to RUNGS in tests/test_ladder.py")
        elif RUNG_OF[imported] > RUNG_OF[name]:
            wrong.append(f"line {line}: {name} imports {imported}, which is below it on the ladder")
    return wrong


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_from_rungs_above(path):
    parents = ("maxent_irl", *path.relative_to(PACKAGE).parent.parts)
    assert violations(rung_name(path), path.read_text(encoding="utf-8"), parents) == []


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("mdp", "from maxent_irl.inference import soft_value_iteration", "below it on the ladder"),
        ("mdp", "def f():\n    import maxent_irl.cli", "line 2: mdp imports cli"),
        ("worlds", "from ..inference import SoftSolution", "below it on the ladder"),
        ("worlds", "from .. import inference", "below it on the ladder"),
        ("mdp", "from maxent_irl import MDP", "not from maxent_irl"),
        ("mdp", "import maxent_irl", "not from maxent_irl"),
        ("misc", "import numpy", "maxent_irl.misc is on no rung"),
    ],
)
def test_violations_are_seen(name, source, complaint):
    (found,) = violations(name, source, ("maxent_irl", "worlds") if name == "worlds" else ("maxent_irl",))
    assert complaint in found


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np",
        "from maxent_irl.mdp import MDP",
        "from maxent_irl import mdp",
        "from .gridworld import GridWorld",
        "if TYPE_CHECKING:\n    from maxent_irl.inference import SoftSolution",
    ],
)
def test_allowed_imports_pass(source):
    assert violations("worlds", source, ("maxent_irl", "worlds")) == []


def test_no_rung_is_named_twice():
    assert len(RUNG_OF) == sum(len(names) for names in RUNGS)
