"""What notebooks show of an object: a table or a picture of a screenful, with everything escaped."""

import numpy as np

from maxent_irl import MDP, Demonstrations, MaxEntIRL, sample_demonstrations, soft_value_iteration
from maxent_irl.plotting import RewardAnimation
from maxent_irl.uncertainty import identifiability, wald_test


def test_notebooks_show_tables_of_a_screenful():
    n = 500
    ring = MDP.from_successors(np.stack([np.arange(n), (np.arange(n) + 1) % n], axis=1), discount=0.9)
    solution = soft_value_iteration(ring, np.zeros(n))
    demonstrations = sample_demonstrations(ring, solution.policy, 30, max_steps=50, random_state=0)
    features = np.cos(2 * np.pi * np.arange(n) / n)[:, None]
    model = MaxEntIRL(ring, features, feature_names=["<b>round</b>"], objective="likelihood").fit(demonstrations)
    shown = {
        "500": ring,
        "1,500 decisions": demonstrations,
        "&lt;array (500, 2)&gt;": solution,
        "&lt;b&gt;round&lt;/b&gt;": model.summary(),
        "all 1 coefficients": identifiability(model),
        "chi-squared(1)": wald_test(model, [[1.0]]),
    }
    for expected, thing in shown.items():
        html = thing._repr_html_()
        assert expected in html
        assert len(html) < 6000
        assert html.count("<table>") == html.count("</table>")
        assert "<b>round" not in html


def test_demonstrations_show_labels_escaped():
    html = Demonstrations([(["<i>", "b"], ["x & y"])])._repr_html_()
    assert "&lt;i&gt; → b" in html
    assert "<i>" not in html


def test_an_animation_plays_in_a_notebook():
    html = RewardAnimation.from_rewards(np.arange(12.0).reshape(3, 4), (2, 2))._repr_html_()
    assert html.startswith('<img src="data:image/gif;base64,R0lGOD')
    assert 'alt="The reward in 3 steps of the fit"' in html
