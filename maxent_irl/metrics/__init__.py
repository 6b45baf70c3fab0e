"""How good a recovered reward is: its value, its policy and its predictions, and its distance from the true reward.

Reading order: `policies` (value difference, divergence, likelihood, features), `paths` (predicted routes), `alignment` and `epic`
(rewards compared up to what demonstrations cannot identify), `scorers` (these metrics in cross-validation).
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
