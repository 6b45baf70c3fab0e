"""Checks of the six exercises: each computes the truth with the package and says what a wrong answer got wrong."""

import numpy as np

from maxent_irl import (
    MDP,
    MaxEntIRL,
    expected_visitations,
    sample_demonstrations,
    soft_value_iteration,
)
from maxent_irl.control import compare_inference, demonstrated_prior
from maxent_irl.datasets import load_gridworld
from maxent_irl.uncertainty import identifiability
from maxent_irl.worlds import GridWorld

TASKS = {}


def check(task, answer):
    """Say whether an answer is right, and if not, what is wrong with it; returns True where it is right."""
    if task not in TASKS:
        raise ValueError(f"there is no task {task!r}; there are {', '.join(TASKS)}")
    if answer is None:
        print(f"{task}: not answered yet. Replace None by your answer and run the cell again.")
        return False
    try:
        right, why = TASKS[task](answer)
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        right, why = False, f"This answer cannot be read: {error}"
    print(f"{task}: {'right.' if right else 'not yet.'} {why}")
    return bool(right)


def task(name):
    """Register the check of a task."""

    def register(function):
        TASKS[name] = function
        return function

    return register


def compare(answer, truth, right, wrong, mistakes=(), tol=2e-3):
    """Compare numbers, and recognise known mistakes: pairs of the number they give and what to say."""
    given, truth = np.asarray(answer, dtype=float), np.asarray(truth, dtype=float)
    if given.shape != truth.shape:
        return False, f"The answer has shape {given.shape}; it should have shape {truth.shape}."
    if np.abs(given - truth).max() <= tol:
        return True, right
    for value, said in mistakes:
        if np.shape(value) == given.shape and np.abs(given - value).max() <= tol:
            return False, said
    return False, wrong


# 1. One decision.


def decision(rewards, alpha):
    n = len(rewards)
    mdp = MDP.from_successors([[1] * n, [-1] * n], terminal=[1])
    return soft_value_iteration(mdp, np.array([rewards, [0.0] * n]), temperature=alpha)


@task("1a")
def value_at_one(answer):
    return compare(
        answer,
        decision([1.0, 0.0], 1.0).V[0],
        "V = log(e + 1): more than the best reward, because there is a choice.",
        "Write out alpha * log(exp(r1 / alpha) + exp(r2 / alpha)) with alpha = 1.",
        [
            (1.0, "That is the hard maximum. The soft one is larger: the second action counts too."),
            (0.5, "That is the mean reward. The log of a sum of exponentials is nearer to the maximum."),
            (
                np.log((np.e + 1) / 2),
                "You took a uniform prior, p = 1/2. Without a prior p = 1: V is larger by alpha * log 2.",
            ),
        ],
    )


@task("1b")
def policy_at_one(answer):
    truth = decision([1.0, 0.0], 1.0).policy[0]
    return compare(
        answer,
        truth,
        "Both probabilities are exp((r - V) / alpha), and V makes them sum to 1.",
        "Divide exp(r / alpha) of each action by the sum of both.",
        [
            (truth[::-1], "The order is turned round: action 1 has the larger reward."),
            ([1.0, 0.0], "That is the greedy choice."),
        ],
    )


@task("1c")
def policy_at_hundred(answer):
    return compare(
        answer,
        decision([1.0, 0.0], 100.0).policy[0, 0],
        "The rewards differ by a hundredth of the temperature.",
        "At alpha = 100 the rewards become 0.01 and 0 in units of the temperature.",
        [(1.0, "That is the limit alpha -> 0. A high temperature makes rewards matter less.")],
        tol=1e-3,
    )


@task("1d")
def same_policy(answer):
    doubled = decision([2.0, 0.0], answer).policy[0, 0]
    truth = decision([1.0, 0.0], 1.0).policy[0, 0]
    if abs(doubled - truth) < 1e-3:
        return True, "Only reward / alpha matters: twice the reward at twice the temperature is the same agent."
    return (
        False,
        f"At that temperature action 1 has probability {doubled:.3f}, not {truth:.3f}. What divides the reward?",
    )


@task("1e")
def three_actions(answer):
    return compare(
        answer,
        decision([1.0, 1.0, 0.0], 1.0).policy[0],
        "Two equal actions have equal probability, and a third takes from both.",
        "The sum has three terms now.",
        [([0.5, 0.5, 0.0], "That is the limit alpha -> 0. At alpha = 1 the third action keeps some probability.")],
    )


# 2. Soft value iteration.

CORRIDOR_SIZE = 5


def corridor(discount=0.9):
    """Five places in a row; actions left, right and stay. Place 4 pays 1 a decision."""
    places = np.arange(CORRIDOR_SIZE)
    moves = np.stack([np.maximum(places - 1, 0), np.minimum(places + 1, CORRIDOR_SIZE - 1), places], axis=1)
    reward = np.zeros(CORRIDOR_SIZE)
    reward[-1] = 1.0
    return MDP.from_successors(moves, discount=discount), reward


def sweep(V, discount=0.9):
    mdp, reward = corridor(discount)
    Q = reward[:, None] + discount * (mdp.transitions @ V).reshape(3, -1).T
    return np.log(np.exp(Q).sum(axis=1))


@task("2a")
def one_backup(answer):
    V = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    mdp, reward = corridor()
    hard = (reward[:, None] + 0.9 * (mdp.transitions @ V).reshape(3, -1).T).max(axis=1)
    without = np.log(np.exp(0.9 * (mdp.transitions @ V).reshape(3, -1).T).sum(axis=1))
    return compare(
        answer(V) if callable(answer) else answer,
        sweep(V),
        "Your backup is the package's.",
        "Q(s, a) = r(s) + discount * V(next state); then log-sum-exp over the three actions.",
        [
            (hard, "You took the maximum over actions. The soft backup takes log-sum-exp."),
            (without, "The reward is missing: r(s) is added to every Q(s, a)."),
            (sweep(V) - np.log(3), "That is a mean of exponentials, a uniform prior. Without a prior it is a sum."),
        ],
        tol=1e-6,
    )


@task("2b")
def solution(answer):
    mdp, reward = corridor()
    truth = soft_value_iteration(mdp, reward).V
    return compare(
        answer,
        truth,
        "That is the fixed point: one more sweep changes nothing.",
        "Repeat the backup until V hardly changes; with discount 0.9 about 250 sweeps are enough.",
        [(np.zeros(5), "V = 0 is where to begin.")],
        tol=1e-4,
    )


@task("2c")
def how_many_sweeps(answer):
    V, n = np.zeros(CORRIDOR_SIZE), 0
    while True:
        new, n = sweep(V), n + 1
        if np.abs(new - V).max() < 1e-6:
            break
        V = new
    if abs(answer - n) <= 2:
        return True, "Every sweep multiplies the change by about the discount."
    return (
        False,
        f"Count sweeps until the largest change is below 1e-6. log(1e-6) / log(0.9) = {np.log(1e-6) / np.log(0.9):.0f} is near.",
    )


@task("2d")
def newton_steps(answer):
    mdp, reward = corridor(0.999)
    n = soft_value_iteration(mdp, reward).n_iter
    if answer == n:
        return (
            True,
            "Newton's method solves the equation linearised at the policy. Its steps do not grow with 1 / (1 - discount).",
        )
    return False, "Read n_iter of soft_value_iteration(...) with discount 0.999 and the default method."


@task("2e")
def knobs(answer):
    truth = {"temperature": "all choices", "discount": "far choices"}
    if answer == truth:
        return True, "The temperature divides every Q; the discount multiplies the value of what follows."
    if isinstance(answer, dict) and set(answer) == set(truth):
        return False, "Compare two maps: halve one knob and see in which places the policy changes most."
    return False, 'Give a dictionary: {"temperature": ..., "discount": ...}, each "all choices" or "far choices".'


# 3. Optimism.


def gamble():
    """Place 0: action 0 is safe and pays 1; action 1 pays 3 or -3, each with probability 1/2."""
    T = np.zeros((4, 2, 4))
    T[0, 0, 1] = 1.0
    T[0, 1, 2] = T[0, 1, 3] = 0.5
    ending = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    mdp = MDP(T, ending=ending, initial=[1.0, 0.0, 0.0, 0.0], horizon=2, discount=1.0)
    return mdp, np.array([0.0, 1.0, 3.0, -3.0])


def gamble_inference():
    mdp, reward = gamble()
    return compare_inference(mdp, reward, action_prior=[0.5, 0.5])


@task("3a")
def expected_gamble(answer):
    return compare(
        answer,
        0.0,
        "The safe action is better by 1 on average.",
        "It is the mean of 3 and -3.",
        [(3.0, "That is the better of its two outcomes.")],
    )


@task("3b")
def who_gambles(answer):
    both = gamble_inference()
    return compare(
        answer,
        [both.exact.policy[0, 0, 1], both.variational.policy[0, 0, 1]],
        "Exact inference gambles far more often: it reads success as evidence about the wheel.",
        "Read exact.policy[0, 0, 1] and variational.policy[0, 0, 1] of the comparison, in this order.",
        [([both.variational.policy[0, 0, 1], both.exact.policy[0, 0, 1]], "The two are exchanged.")],
    )


@task("3c")
def believed_wheel(answer):
    return compare(
        answer,
        np.exp(3) / (np.exp(3) + np.exp(-3)),
        "In the posterior the wheel pays 3 almost certainly.",
        "Each outcome weighs P * exp(value); normalise over the two outcomes.",
        [(0.5, "That is the true wheel. The posterior also conditions it on success.")],
    )


@task("3d")
def gap(answer):
    both = gamble_inference()
    return compare(
        answer,
        both.optimism[0, 0],
        "By so much the value of exact inference exceeds what its own policy earns.",
        "It is exact.V[0, 0] minus what the exact policy earns, earned[0, 0].",
        [
            (
                both.exact.V[0, 0] - both.variational.V[0, 0],
                "That is exact minus variational value. Here: exact value minus earned.",
            )
        ],
    )


@task("3e")
def when_equal(answer):
    if str(answer).strip().lower() == "deterministic":
        return True, "Without chance the two backups are the same."
    return False, 'One word: for which dynamics do both agree, "deterministic" or "stochastic" ones?'


# 4. Visits, and the prior.


def ring():
    """Six rooms in a ring; actions stay, right, left. Room 3 pays 1 a decision."""
    rooms = np.arange(6)
    moves = np.stack([rooms, (rooms + 1) % 6, (rooms - 1) % 6], axis=1)
    initial = np.zeros(6)
    initial[0] = 1.0
    reward = np.zeros(6)
    reward[3] = 1.0
    return MDP.from_successors(moves, discount=0.9, initial=initial), reward


@task("4a")
def total_visits(answer):
    return compare(
        answer,
        10.0,
        "1 / (1 - 0.9), for every policy.",
        "Add up 0.9 ** t over all decisions t.",
        [(1.0, "That would be shares of time.")],
    )


@task("4b")
def visits_of_the_paying_room(answer):
    mdp, reward = ring()
    truth = expected_visitations(mdp, soft_value_iteration(mdp, reward).policy)[3].sum()
    return compare(
        answer,
        truth,
        "The room that pays is visited most, but every action keeps some probability.",
        "expected_visitations(mdp, policy) has a row per room and a column per action: sum the row of room 3.",
        tol=1e-3,
    )


@task("4c")
def values_by_visits(answer):
    mdp, reward = ring()
    visits = expected_visitations(mdp, soft_value_iteration(mdp, reward).policy)
    return compare(
        answer,
        (visits * reward[:, None]).sum(),
        "Expected reward is visits times reward, summed: the two are adjoint.",
        "Multiply the visits of every room by its reward and add up.",
        [(soft_value_iteration(mdp, reward).V[0], "That is the soft value: it holds the entropy too.")],
        tol=1e-3,
    )


@task("4d")
def prior_is_a_reward(answer):
    mdp, reward = ring()
    prior = np.array([0.1, 0.8, 0.1])
    truth = soft_value_iteration(mdp, reward, action_prior=prior).policy
    return compare(
        soft_value_iteration(mdp, np.asarray(answer, dtype=float)).policy
        if np.shape(answer) == (6, 3)
        else np.zeros((1, 1)),
        truth,
        "A prior is the same as a reward of log p(a|s) for every action.",
        "Give an array (6, 3): the reward of each room and action. Add temperature * log(prior) to the reward of the room.",
        tol=1e-6,
    )


@task("4e")
def imitation(answer):
    mdp, reward = ring()
    teacher = np.tile([0.1, 0.8, 0.1], (6, 1))
    shown = sample_demonstrations(mdp, teacher, 50, max_steps=20, random_state=0)
    return compare(
        answer,
        demonstrated_prior(mdp, shown)[0],
        "Shares of what was seen in room 0, drawn a little towards uniform.",
        "demonstrated_prior(mdp, demonstrations) has a row per room: take row 0.",
        [(teacher[0], "Those are the teacher's own probabilities. The demonstrations only estimate them.")],
        tol=1e-6,
    )


# 5. The inverse problem.

ROOMS = """
    ....m....
    .S..m..f.
    ....m....
    .........
"""


def rooms():
    return GridWorld.from_text(ROOMS, rewards={"m": -1.5, "f": 2.0}, discount=0.9, terminal_goals=False)


def rooms_demonstrations(n=100):
    world = rooms()
    return sample_demonstrations(
        world.mdp, soft_value_iteration(world.mdp, world.reward).policy, n, max_steps=20, random_state=0
    )


def rooms_fit():
    world = rooms()
    return MaxEntIRL(world.mdp, world.features("tiles"), feature_names=["flowers", "mud"]).fit(rooms_demonstrations())


@task("5a")
def recovered(answer):
    return compare(
        answer,
        rooms_fit().coef_,
        "Close to 2 and -1.5, from paths alone.",
        "Fit MaxEntIRL(world.mdp, features).fit(demonstrations) and read coef_.",
        [(rooms_fit().coef_[::-1], "The order is turned round: the features are flowers, mud.")],
        tol=1e-4,
    )


@task("5b")
def gap_closes(answer):
    if np.abs(answer).max() < 1e-4:
        return True, "At the maximum demonstrated and expected feature counts agree: the gradient is their difference."
    return False, "Read feature_gap_ of the fitted model."


@task("5c")
def how_sure(answer):
    return compare(
        answer,
        rooms_fit().standard_errors_,
        "The true coefficients lie within two of these.",
        "Read standard_errors_ of the fitted model.",
        tol=1e-4,
    )


@task("5d")
def four_times(answer):
    if 1.5 <= answer <= 2.6:
        return True, "Errors shrink with the square root of the number of demonstrations."
    return False, "Fit 25 and 100 demonstrations, and divide the standard errors of the first by those of the second."


@task("5e")
def constant(answer):
    world = rooms()
    model = MaxEntIRL(world.mdp, l2=1.0).fit(rooms_demonstrations(20))
    report = identifiability(model)
    kinds = [flat.kind for flat in report.directions]
    if "constant" in kinds and answer == "constant":
        return (
            True,
            "Adding the same to every reward changes no choice here: nothing ends, so all paths last equally long.",
        )
    return False, "Print identifiability(model) and look at the first direction: by what is every reward shifted there?"


# 6. One's own data.


@task("6a")
def decisions(answer):
    truth = load_gridworld().demonstrations.n_decisions
    if answer == truth:
        return True, "Every row of the table is one decision."
    return False, "Read n_decisions of the demonstrations."


def counted_fit():
    data = load_gridworld()
    mdp = MDP.from_demonstrations(data.demonstrations, discount=0.95)
    return data, mdp


@task("6b")
def counted_dynamics(answer):
    _, mdp = counted_fit()
    if answer == int(mdp.available.sum()):
        return True, "Pairs that nobody demonstrated are not available."
    return False, "Build MDP.from_demonstrations(demonstrations, discount=0.95) and count mdp.available.sum()."


@task("6c")
def better_than_chance(answer):
    data = load_gridworld()
    model = MaxEntIRL(data.mdp, data.features).fit(data.demonstrations)
    gain = model.score(data.demonstrations) + np.log(5)
    return compare(
        answer,
        gain,
        "So many nats per decision are explained.",
        "score(demonstrations) is the log-likelihood per decision; choosing among five actions at random gives -log(5).",
        [
            (
                model.score(data.demonstrations),
                "That is the score itself. Take the score of a random choice, -log(5), from it.",
            )
        ],
    )


@task("6d")
def held_out(answer):
    data = load_gridworld()
    train, test = data.demonstrations[:150], data.demonstrations[150:]
    model = MaxEntIRL(data.mdp, data.features).fit(train)
    return compare(
        answer,
        model.score(test),
        "Nearly the score on the fitted walks: three coefficients hardly overfit.",
        "Fit on demonstrations[:150] and score demonstrations[150:].",
        [(model.score(train), "That is the score on what was fitted.")],
    )


@task("6e")
def drop_a_feature(answer):
    data = load_gridworld()
    full = MaxEntIRL(data.mdp, data.features).fit(data.demonstrations)
    weakest = data.feature_names[int(np.argmin(np.abs(full.coef_ / full.standard_errors_)))]
    if answer == weakest:
        return (
            True,
            "Its coefficient is the smallest in units of its own error. Whether to drop it is what a test decides.",
        )
    return False, "Divide each coefficient by its standard error; which one is nearest to zero?"
