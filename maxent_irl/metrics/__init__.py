"""How good a recovered reward is: by what is earned, done and predicted with it, and compared with the true one.

Reading order: `policies` (value difference, divergence, likelihood, features), `paths` (route predictions), `alignment` and
`epic` (rewards up to what demonstrations cannot tell), `scorers` (the same for cross-validation).
"""

from .alignment import AlignedRewards, align_rewards
from .epic import epic_distance
from .paths import PathMatch, path_match
from .policies import expected_value_difference, feature_expectation_gap, log_likelihood_per_decision, policy_kl
from .scorers import PathMatchScorer, PolicyDivergenceScorer, ValueDifferenceScorer, feature_gap_scorer, likeliest_paths

__all__ = [
    "AlignedRewards",
    "PathMatch",
    "PathMatchScorer",
    "PolicyDivergenceScorer",
    "ValueDifferenceScorer",
    "align_rewards",
    "epic_distance",
    "expected_value_difference",
    "feature_expectation_gap",
    "feature_gap_scorer",
    "likeliest_paths",
    "log_likelihood_per_decision",
    "path_match",
    "policy_kl",
]
