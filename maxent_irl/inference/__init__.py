"""Forward: the soft Bellman equation, its solvers, and where a policy goes.

Reading order: `value_iteration` (the theory and the front), `agent` (the agent and its solution), `backup`, `solver`,
`linearisation` (the one linear system behind everything else), `visitations`. `cycles` says why a problem has no finite value.
"""

from .agent import SoftAgent, SoftSolution
from .value_iteration import soft_value_iteration
from .visitations import expected_visitations, policy_value

__all__ = ["SoftAgent", "SoftSolution", "expected_visitations", "policy_value", "soft_value_iteration"]
