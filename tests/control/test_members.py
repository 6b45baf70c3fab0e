import re
from pathlib import Path

import pytest

import maxent_irl.control
from maxent_irl.control import __main__ as command
from maxent_irl.control.members import MEMBERS, Member, measure

SLOW = {"twin critics"}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3, 4))])
@pytest.mark.parametrize(
    "member",
    [
        pytest.param(member, id=member.name, marks=[pytest.mark.slow] if member.name in SLOW else [])
        for member in MEMBERS
    ],
)
def test_member_lands_on_the_exact_answer(member, seed):
    result = measure(member, seed)
    assert 0 <= result.distance <= member.bound


def test_the_table_is_printed_and_exits_with_0(monkeypatch, capsys):
    monkeypatch.setattr(command, "MEMBERS", (Member("one", "nothing", 0.1, lambda _: 0.01),))
    assert command.main([]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^one +nothing +1.00e-02 +1e-01 +0\.00$", printed, re.M)
    assert "1 members in 0.0 s, all within their bounds" in printed


def test_the_seed_reaches_the_members(monkeypatch, capsys):
    monkeypatch.setattr(command, "MEMBERS", (Member("one", "nothing", 10.0, float),))
    assert command.main(["--seed", "7"]) == 0
    assert "7.00e+00" in capsys.readouterr().out


@pytest.mark.parametrize("distance", [0.2, float("nan")])
def test_an_exceeded_bound_is_named_and_exits_with_1(monkeypatch, capsys, distance):
    members = (Member("one", "nothing", 0.1, lambda _: 0.01), Member("two", "nothing", 0.1, lambda _: distance))
    monkeypatch.setattr(command, "MEMBERS", members)
    assert command.main([]) == 1
    printed = capsys.readouterr().out
    assert "EXCEEDED" in printed
    assert "bounds exceeded by: two" in printed


def test_the_documented_family_is_the_family():
    """The table in the documentation names every member, and only modules that exist."""
    text = (Path(__file__).parents[2] / "demos" / "control_family.rst").read_text(encoding="utf-8")
    for member in MEMBERS:
        assert f"* - {member.name}\n" in text, f"{member.name} is missing in demos/control_family.rst"
    folder = Path(maxent_irl.control.__file__).parent
    modules = set(re.findall(r"``control\.(\w+)``", text))
    assert modules
    assert {f"{name}.py" for name in modules} <= {path.name for path in folder.glob("*.py")}
    listed = {path.stem for path in folder.glob("*.py") if path.stem[0] != "_"} - {"members"}
    assert listed <= modules, f"modules without a row: {listed - modules}"
