"""Many goals on one network: solving, fitting, and what people ask of a route choice model.

`systems` solves all goals with one factorisation. `sums` and `objective` fit them, `policies` predicts, and `queries` answers
questions about routes and flows. `plan`, `receding_policies` and `receding_objective` are for travellers who plan a few steps
ahead.
"""

from .policies import GoalPolicies
from .queries import (
    destination_posterior,
    expected_flows,
    most_likely_paths,
    most_likely_routes,
    route_log_probabilities,
)
from .receding_policies import RecedingPolicies

__all__ = [
    "GoalPolicies",
    "RecedingPolicies",
    "destination_posterior",
    "expected_flows",
    "most_likely_paths",
    "most_likely_routes",
    "route_log_probabilities",
]
