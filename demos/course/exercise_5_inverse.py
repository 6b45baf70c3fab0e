r"""
Exercise 5: the inverse problem
===============================

30 minutes. You need: chapter 5 of ``maxent-irl lesson``.

A garden behind a strip of mud. One hundred walks were recorded; the walkers like flowers (2) and dislike mud (-1.5), but we are
not supposed to know.
"""

from checks import ROOMS, check, rooms_demonstrations

from maxent_irl import MaxEntIRL
from maxent_irl.worlds import GridWorld

world = GridWorld.from_text(ROOMS, discount=0.9)
features = world.features("tiles")  # flowers, mud
demonstrations = rooms_demonstrations()

# %%
# a) Recover the two coefficients.

model = MaxEntIRL(world.mdp, features, feature_names=["flowers", "mud"])
coefficients = None
check("5a", coefficients)

# %%
# b) Gradient ascent follows demonstrated minus expected feature counts. What is left of that gap after the fit?

gap = None
check("5b", gap)

# %%
# c) How sure are the coefficients?

errors = None
check("5c", errors)

# %%
# d) How many times larger are the errors with 25 walks than with 100? Predict; then fit ``demonstrations[:25]``.

ratio = None
check("5d", ratio)

# %%
# e) Now one reward per cell, ``MaxEntIRL(world.mdp, l2=1.0)``, from 20 walks. Print ``identifiability`` of the fit. What can be
# added to every reward without any walk looking different?

kind = None  # one word
check("5e", kind)

# %%
# To discuss: draw demonstrations in chapter 5 that leave the mud undetermined. Why does a prior (l2) not make it known?
