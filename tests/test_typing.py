"""The public names of the README, seen by the type checker of a user."""

import textwrap

import pytest

api = pytest.importorskip("mypy.api", reason="mypy is not installed")

PROGRAM = """
    import numpy as np
    from maxent_irl import (
        MDP, Demonstrations, MaxEntIRL, RecedingHorizonIRL, SoftAgent, SoftSolution, expected_visitations, policy_value,
        sample_demonstrations, soft_value_iteration,
    )
    from maxent_irl.likelihood import Information
    from maxent_irl.rewards import LinearReward, RewardModel
    from maxent_irl.routes import GoalPolicies
    from maxent_irl.uncertainty import bootstrap, identifiability
    from maxent_irl.worlds import GridWorld

    rooms = np.arange(5)
    ring = MDP.from_successors(np.stack([rooms, (rooms + 1) % 5], axis=1), discount=0.9)
    n: int = ring.n_states * ring.n_actions
    end: np.ndarray = ring.terminal
    features = np.eye(5)[:, :2]
    solution: SoftSolution = soft_value_iteration(ring, features @ [1.0, -0.5])
    agent: SoftAgent = solution.agent
    converged: bool = solution.converged
    demonstrations = sample_demonstrations(ring, solution.policy, 100, max_steps=20, random_state=0)
    names: tuple = demonstrations.ids
    first: np.ndarray = demonstrations[0].states
    model = MaxEntIRL(ring, features, feature_names=["garden", "cellar"]).fit(demonstrations)
    coef: np.ndarray = model.coef_
    scores: np.ndarray = model.score_samples(demonstrations)
    log_likelihood: float = model.log_likelihood_
    information: Information = model.information_
    policies: GoalPolicies = model.goal_policies()
    reward_model: RewardModel = LinearReward(ring, features)
    print(model.fit_.names[0].upper(), str(model.summary()), model.predict_proba([2]).sum(), bootstrap(model).bias)
    print(expected_visitations(ring, solution).shape, policy_value(ring, solution, np.ones(5)).shape, GridWorld(3).mdp)
    print(identifiability(model).rank + n, RecedingHorizonIRL, Demonstrations)
"""

MISTAKES = {
    "ring.n_sates": 'has no attribute "n_sates"',
    "MaxEntIRL(ring, temprature=2.0)": 'Unexpected keyword argument "temprature"',
    "model.coeff_": 'has no attribute "coeff_"',
    "solution.V.shpae": 'has no attribute "shpae"',
    "soft_value_iteration(ring)": "Missing positional argument",
}


def check(tmp_path_factory, source: str) -> str:
    place = tmp_path_factory.mktemp("typed", numbered=True) / "program.py"
    place.write_text(source, encoding="utf-8")
    cache = tmp_path_factory.getbasetemp() / "mypy_cache"
    options = ["--strict-equality", "--check-untyped-defs", "--ignore-missing-imports"]
    options += ["--config-file=", f"--cache-dir={cache}"]
    return api.run([*options, str(place)])[0]


def test_a_small_program_passes_and_its_mistakes_are_found(tmp_path_factory):
    program = textwrap.dedent(PROGRAM)
    assert "Success" in check(tmp_path_factory, program), check(tmp_path_factory, program)
    wrong = program + "".join(f"print({line})\n" for line in MISTAKES)
    found = check(tmp_path_factory, wrong)
    for line, message in MISTAKES.items():
        assert message in found, f"{line}: {found}"
