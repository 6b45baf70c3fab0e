"""Every bound of ``python -m maxent_irl.control --deep`` at seed 0; minutes each, so all are marked slow."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'maxent-irl[torch]'")
pytest.importorskip("gymnasium", reason="gymnasium is not installed")

from maxent_irl.control.deep.members import DEEP_MEMBERS
from maxent_irl.control.members import measure


@pytest.mark.slow
@pytest.mark.parametrize("member", DEEP_MEMBERS, ids=lambda member: member.name)
def test_member_lands_near_the_exact_answer(member):
    torch.set_num_threads(1)
    assert 0 <= measure(member).distance <= member.bound


def test_the_documented_family_has_the_members_with_networks():
    text = (Path(__file__).parents[3] / "demos" / "control_family.rst").read_text(encoding="utf-8")
    for member in DEEP_MEMBERS:
        assert f"* - {member.name}\n" in text, f"{member.name} is missing in demos/control_family.rst"
