"""The README's Python runs as written and does what its comments say."""

import re
from pathlib import Path

import numpy as np

README = Path(__file__).parents[1] / "README.md"


def test_python_of_the_readme():
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    names = {}
    exec(compile(block, "README.md", "exec"), names)
    np.testing.assert_allclose(names["model"].coef_, [1.0, -0.5], atol=0.2)
    assert names["model"].predict([2]) == [1]
