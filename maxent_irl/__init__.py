"""Maximum-entropy inverse reinforcement learning: recover rewards from demonstrations, and say how sure that is.

Reading order: `mdp` (the problem), `demonstrations` (the data), `inference` (the soft Bellman equation and where policies go),
`rewards` (reward models), `likelihood` (the one objective), `estimators` (maximising it), `uncertainty` (how sure it is);
`control` (the forward family).
"""

from .demonstrations import Demonstrations
from .demonstrations.sampling import sample_demonstrations
from .estimators import MaxEntIRL, RecedingHorizonIRL
from .estimators.loading import load
from .inference import SoftAgent, SoftSolution, soft_value_iteration
from .inference.cycles import ImproperProblemError
from .inference.visitations import expected_visitations, policy_value
from .mdp import MDP, gymnasium_reward

__version__ = "0.1.0.dev0"

__all__ = [
    "MDP",
    "Demonstrations",
    "ImproperProblemError",
    "MaxEntIRL",
    "RecedingHorizonIRL",
    "SoftAgent",
    "SoftSolution",
    "__version__",
    "expected_visitations",
    "gymnasium_reward",
    "load",
    "policy_value",
    "sample_demonstrations",
    "soft_value_iteration",
]
