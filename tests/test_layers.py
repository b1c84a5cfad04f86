"""A file imports only from lower layers; folders of one layer never import each other."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skmia

ROOT = Path(skmia.__file__).parent
LAYERS = {
    "utils": 1,
    "exceptions": 1,
    "_result": 1,
    "signals": 2,
    "_response": 2,
    "_records": 2,
    "_tradeoff": 2,
    "_target": 2,
    "metrics": 3,
    "datasets": 3,
    "properties": 4,
    "shadows": 5,
    "defenses": 5,
    "neural_network": 5,
    "leakage": 6,
    "attacks": 7,
    "sampling": 8,
    "inspection": 8,
    "model_selection": 8,
    "_audit": 9,
    "cli": 10,
    "__init__": 10,
    "__main__": 11,
}
# Which folder may import a heavy library at the top of a module.
HEAVY = {
    "torch": "neural_network",
    "skorch": "neural_network",
    "imblearn": "sampling",
    "opacus": None,
    "pandas": None,
    "polars": None,
    "matplotlib": None,
    "dask": None,
}
FILES = sorted(ROOT.rglob("*.py"))


def place(path):
    """Return the layer's name: the folder, or the file at the top."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(tree, only_top=False):
    """Return the names of all modules that a syntax tree imports."""
    nodes = tree.body if only_top else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            if node.module == "skmia":
                yield from (f"skmia.{alias.name}" for alias in node.names)


def assert_imports_point_downward(path, tree):
    own = place(path)
    assert own in LAYERS, f"{own} has no layer: give it one here and in doc/architecture.rst"
    for module in imported(tree):
        parts = module.split(".")
        if parts[0] != "skmia" or parts[1:2] in ([], [own], ["__version__"]):
            continue
        assert LAYERS[parts[1]] < LAYERS[own], f"{path.name} imports {module} from above or beside"


def assert_heavy_libraries_stay_inside(path, tree):
    for module in imported(tree, only_top=True):
        library = module.split(".")[0]
        assert HEAVY.get(library, place(path)) == place(path), f"{path.name} imports {library}"


def assert_private_scikit_learn_names_stand_in_one_file(path, tree):
    if path.name == "_sklearn.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "sklearn":
            names = [*node.module.split("."), *(alias.name for alias in node.names)]
            assert not [name for name in names if name.startswith("_")], node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert_imports_point_downward(path, tree)
    assert_heavy_libraries_stay_inside(path, tree)
    assert_private_scikit_learn_names_stand_in_one_file(path, tree)


def test_all_lists_are_sorted_and_complete():
    for path in ROOT.rglob("__init__.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        lists = [
            n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "__all__"
        ]
        names = [ast.literal_eval(value) for value in lists]
        bound = {
            alias.asname or alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert set(names[0] if names else []) == bound, path
        assert not names or names[0] == sorted(names[0], key=_constants_first), path


def _constants_first(name):
    """Sort as the linter does: names in capitals, other classes, functions."""
    return not name.isupper(), name


def test_import_is_light_and_works_without_any_optional_library():
    """Importing skmia asks for none of them, and an audit needs none."""
    code = """
import sys
optional = "torch", "skorch", "pandas", "polars", "matplotlib", "dask", "imblearn", "opacus"
asked = set()
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in optional:
            asked.add(name)
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
import sklearn.utils.fixes  # which asks for pandas
asked.clear()
import skmia, skmia.attacks, skmia.datasets, skmia.metrics, skmia.shadows, skmia.signals
print(sorted(asked))
import skmia.inspection
display = skmia.inspection.TrainingHistoryDisplay(epochs=[1], attack_success=[0.5])
print(sorted(asked))
from skmia.datasets import load_adult
from sklearn.tree import DecisionTreeClassifier
X, y = load_adult(return_X_y=True)
X, y = X[:400], y[:400]
target = DecisionTreeClassifier(random_state=0).fit(X[:200], y[:200])
report = skmia.audit(target, X[:200], y[:200], X[200:], y[200:], random_state=0)
print(report.attacks[0].name)
try:
    report.to_frame()
except ImportError as error:
    print(error)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[:3] == ["[]", "[]", "correctness"]
    assert "to_frame needs pandas" in result.stdout
