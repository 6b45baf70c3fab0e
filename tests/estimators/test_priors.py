"""What a prior may and may not decide: undetermined directions never, the rest by evidence, and how much is said."""

import numpy as np
import pytest

from maxent_irl import MDP, Demonstrations, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.estimators import evidence
from maxent_irl.uncertainty import reward_map, wald_test
from maxent_irl.worlds import GridWorld


def ring(n):
    s = np.arange(n)
    return MDP.from_successors(np.stack([s, (s + 1) % n, (s - 1) % n], axis=1), discount=0.9)


def path_of_two_colours(n):
    """Steps left or right only, so that potential shaping between odd and even places is undetermined as well."""
    s = np.arange(n)
    return MDP.from_successors(np.stack([(s + 1) % n, (s - 1) % n], axis=1), discount=0.9)


def slippery():
    return GridWorld(3, slip=0.3, discount=0.8).mdp


PROBLEMS = {"ring": lambda: ring(6), "two colours": lambda: path_of_two_colours(6), "slippery": slippery}


def walks_in(mdp, n=200, steps=100):
    reward = np.zeros(mdp.n_states)
    reward[0] = 1.0
    return sample_demonstrations(mdp, soft_value_iteration(mdp, reward).policy, n, max_steps=steps, random_state=0)


@pytest.mark.filterwarnings("ignore::maxent_irl.likelihood.information.IdentifiabilityWarning")
@pytest.mark.parametrize("objective", ["likelihood", "feature-matching"])
@pytest.mark.parametrize("kind", PROBLEMS)
def test_errors_are_those_of_the_data_whatever_the_prior_is(kind, objective):
    mdp = PROBLEMS[kind]()
    demos = walks_in(mdp)
    plain = MaxEntIRL(mdp, objective=objective).fit(demos)
    flat = plain.information_.undetermined
    assert flat.shape[1] >= 1
    for l2 in (1e-4, 0.1):
        fit = MaxEntIRL(mdp, objective=objective, l2=l2).fit(demos)
        np.testing.assert_allclose(flat.T @ fit.coef_, 0.0, atol=1e-8)
        for covariance in ("observed", "opg", "robust"):
            found = fit.coefficient_covariance(covariance)
            np.testing.assert_allclose(found.matrix @ flat, 0.0, atol=1e-10)
            assert not found.determined.all()
            expected = plain.coefficient_covariance(covariance).standard_errors
            np.testing.assert_allclose(found.standard_errors, expected, rtol=0.02)
        np.testing.assert_allclose(fit.coef_, plain.coef_, atol=0.02)
        spread = reward_map(fit, centre=False).standard_error
        np.testing.assert_allclose(spread, reward_map(plain, centre=False).standard_error, rtol=0.02)
        with pytest.raises(ValueError, match="say nothing about restriction 0"):
            wald_test(fit, flat[:, 0])


def test_the_ring_of_six():
    """Two hundred walks of a hundred steps: the error is .011, and not the width of the prior, 1.29."""
    fits = [MaxEntIRL(ring(6), l2=l2).fit(walks_in(ring(6))) for l2 in (0.0, 0.1, "evidence")]
    for fit in fits:
        assert fit.standard_errors_[0] == pytest.approx(0.0113, abs=2e-4)
        assert fit.summary().coefficients["p_value"][0] < 1e-10


def test_the_share_of_the_data():
    mdp = GridWorld(5, discount=0.9).mdp
    few, many = walks_in(mdp, 3, 10), walks_in(mdp, 300, 60)
    shares = []
    for demos in (few, many):
        fit = MaxEntIRL(mdp, l2=2.0).fit(demos)
        information = fit.information_
        share = information.data_share
        assert ((share > -1e-9) & (share <= 1)).all()
        left = np.eye(25) - information.undetermined @ information.undetermined.T
        assert share @ np.diag(left) == pytest.approx(information.degrees_of_freedom)
        np.testing.assert_array_equal(fit.summary().coefficients["data_share"], share)
        assert f"{100 * share[0]:.0f}%" in str(fit.summary())
        shares.append(share)
    assert shares[0][24] < 0.2  # far from where the three walks came
    assert (shares[1] > shares[0]).all()
    plain = MaxEntIRL(mdp, np.eye(25)[:, :2]).fit(many)
    np.testing.assert_array_equal(plain.information_.data_share, 1.0)


@pytest.mark.parametrize("scale", [0.3, 3.0])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_evidence_is_greatest_at_the_chosen_precision(scale, temperature):
    mdp = GridWorld(4, discount=0.9).mdp
    reward = scale * temperature * np.random.default_rng(0).normal(size=16)
    policy = soft_value_iteration(mdp, reward, temperature=temperature).policy
    demos = sample_demonstrations(mdp, policy, 60, max_steps=20, random_state=0)
    chosen = MaxEntIRL(mdp, temperature=temperature, l2="evidence").fit(demos)

    def log_evidence(l2):
        fit = MaxEntIRL(mdp, temperature=temperature, l2=l2, tol=1e-8).fit(demos)
        spectrum = np.linalg.eigvalsh(np.eye(16) + fit.information_.curvature / l2)
        return fit.log_likelihood_ - l2 / 2 * fit.coef_ @ fit.coef_ - np.log(spectrum).sum() / 2

    grid = chosen.l2_ * np.array([0.25, 0.5, 1.0, 2.0, 4.0])
    assert np.argmax([log_evidence(l2) for l2 in grid]) == 2
    assert chosen.fit_.l2 == chosen.l2_
    assert chosen.summary().statistics["l2"] == chosen.l2_
    assert chosen.get_params()["l2"] == "evidence"


def test_many_coefficients_are_held_against_other_trajectories(monkeypatch):
    monkeypatch.setattr(evidence, "EVIDENCE_FEATURES", 5)
    mdp = GridWorld(4, discount=0.9).mdp
    demos = walks_in(mdp, 40, 15)
    fit = MaxEntIRL(mdp, l2="evidence").fit(demos)
    held = demos[np.arange(1, 40, 2)]
    scores = {l2: MaxEntIRL(mdp, l2=l2).fit(demos[np.arange(0, 40, 2)]).score(held) for l2 in evidence.HELD_OUT}
    assert fit.l2_ == pytest.approx(max(scores, key=scores.get))
    with pytest.raises(ValueError, match="there is only one: cut it into pieces"):
        MaxEntIRL(mdp, l2="evidence").fit(demos[:1])


def test_what_l2_may_be():
    for wrong in ("auto", -1.0, np.nan):
        with pytest.raises(ValueError, match="l2 must be"):
            MaxEntIRL(ring(4), l2=wrong).fit(walks_in(ring(4), 5, 5))


def test_every_decision_counts_by_default():
    """One trajectory of 10,000 decisions: feature matching at discount .95 counts 20 of them, and says so."""
    mdp = ring(5).replace(discount=0.95)
    demos = walks_in(mdp, 1, 10_000)
    features = np.eye(5)[:, :2]
    by_default, textbook = (MaxEntIRL(mdp, features, **o).fit(demos) for o in ({}, {"objective": "feature-matching"}))
    assert by_default.objective == "likelihood"
    assert by_default.summary().statistics["decisions_counted"] == 10_000
    assert "counted" not in str(by_default.summary())
    assert textbook.summary().statistics["decisions_counted"] == pytest.approx(20.0)
    assert "20 of 10,000 counted" in str(textbook.summary())
    assert "Decisions counted: 20 of 10,000." in " ".join(textbook.summary().notes)
    assert (textbook.coefficient_covariance("opg").standard_errors > 5 * by_default.standard_errors_).all()


@pytest.mark.parametrize("goals", [None, [2]])
def test_demonstrations_in_which_nothing_was_chosen_are_refused(goals):
    """Each state has one action: the action column repeats the state, or the table shows one way only."""
    mdp = MDP.from_successors([[1], [2], [0]], discount=0.9)
    demos = Demonstrations([([0, 1, 2], [0, 0])], goals=goals)
    with pytest.raises(ValueError, match="nothing was chosen: .* only one action .*--mdp"):
        MaxEntIRL(mdp).fit(demos)
    elsewhere = MDP.from_successors([[1, -1], [2, -1], [0, 1]], discount=0.9)
    with pytest.raises(ValueError, match="nothing was chosen: in each of the 2 demonstrated states"):
        MaxEntIRL(elsewhere).fit([([0, 1, 2], [0, 0])])
