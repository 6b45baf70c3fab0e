r"""
Exercise 1: one decision
========================

25 minutes. You need: a pencil, chapter 1 of ``maxent-irl lesson``.

An agent chooses once between actions that pay :math:`r_1` and :math:`r_2`. Optimality is observed, and the action is inferred:

.. math:: V = \alpha \log \sum_i e^{r_i / \alpha}, \qquad \pi(i) = e^{(r_i - V) / \alpha} .

Replace each ``None`` and run the cell: ``check`` says whether it is right, and if not, what is wrong.
"""

from checks import check

# %%
# a) Rewards 1 and 0, temperature 1. Work out V by hand, to three decimals.

value = None
check("1a", value)

# %%
# b) And the probabilities of both actions?

probabilities = None  # [action 1, action 2]
check("1b", probabilities)

# %%
# c) Raise the temperature to 100. Predict the probability of action 1 first; then compute it.

at_hundred = None
check("1c", at_hundred)

# %%
# d) The rewards are doubled, to 2 and 0. At which temperature does the agent behave as in b)?

temperature = None
check("1d", temperature)

# %%
# e) A third action is added, with the same reward as the first: rewards 1, 1, 0 at temperature 1. Which probabilities?

three = None  # a list of three
check("1e", three)

# %%
# To discuss: why is V larger than every reward? What happens to V, and to the policy, as the temperature grows?
