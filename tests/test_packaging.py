"""What the build ships is what the folders hold."""

import importlib.util
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

import maxent_irl

ROOT = Path(__file__).parents[1]
LISTED = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])


def test_every_package_folder_is_listed():
    package = Path(maxent_irl.__file__).parent
    folders = {path.parent.relative_to(package.parent) for path in package.rglob("*.py")}
    on_disk = {".".join(folder.parts) for folder in folders} | {"maxent_irl.data"}
    assert on_disk == LISTED, "list the package folders in pyproject.toml under [tool.setuptools] packages"


def test_listed_packages_import():
    for name in LISTED - {"maxent_irl.data", "maxent_irl.control.deep"}:
        importlib.import_module(name)


def test_the_package_with_networks_imports_or_names_its_extra():
    if importlib.util.find_spec("torch") and importlib.util.find_spec("gymnasium"):
        importlib.import_module("maxent_irl.control.deep")
    else:
        with pytest.raises(ImportError, match="install 'maxent-irl.torch.'"):
            importlib.import_module("maxent_irl.control.deep")


def test_typed_marker_and_version():
    assert files("maxent_irl").joinpath("py.typed").is_file()
    assert maxent_irl.__version__.split(".")[0].isdigit()
