"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import importlib.util
import pkgutil

import pytest

import maxent_irl

WITHOUT_TORCH = importlib.util.find_spec("torch") is None
MODULES = [
    module.name
    for module in pkgutil.walk_packages(maxent_irl.__path__, "maxent_irl.", onerror=lambda name: None)
    if not (WITHOUT_TORCH and module.name.startswith("maxent_irl.control.deep"))
]
TESTS = [
    test
    for name in MODULES
    if not name.endswith("__main__")
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name), name)
    if test.examples
]


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_docstring_example(test):
    report = []
    doctest.DocTestRunner().run(test, out=report.append)
    assert not report, "".join(report)
