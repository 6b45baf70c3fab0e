"""What a row of the table of members is, how it is measured, and the grid that most of them are measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from time import perf_counter

from ..worlds import GridWorld

ALPHA = 0.3


@dataclass(frozen=True)
class Member:
    """One row of the table."""

    name: str
    measured: str  # what the distance measures
    bound: float  # largest distance allowed
    distance: Callable[[int], float]  # of a seed


@dataclass(frozen=True)
class Measured:
    """A member's distance from the exact answer, and the time it took."""

    member: Member
    distance: float
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether the distance is within the bound."""
        return self.distance <= self.member.bound


def measure(member: Member, seed: int = 0) -> Measured:
    """Run one member with a seed."""
    start = perf_counter()
    distance = member.distance(seed)
    return Measured(member, distance, perf_counter() - start)


@cache
def slippery_grid() -> GridWorld:
    """Return a 5 x 5 grid with slip 0.2: mud costs 1 a step, and a corner pays 1 a step."""
    drawn = """
        .....
        .m...
        .m.m.
        ...m.
        ....G
    """
    rewards = {"G": 1.0, "m": -1.0}
    return GridWorld.from_text(drawn, rewards=rewards, slip=0.2, discount=0.9, terminal_goals=False)
