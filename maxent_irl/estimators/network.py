"""Inverse reinforcement learning with a reward computed by a torch module. Needs the extra [torch]."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._checks import check_count, check_interval, check_positive
from ..inference.cycles import ImproperProblemError
from ..likelihood import TaskObjective
from ..likelihood.objective import Objective, with_reward_model
from ..mdp.files import read_arrays, write_arrays
from ..rewards import Features, Inputs
from ..rewards.network import GridImage, NetworkReward, require_torch
from ..rewards.stages import OffsetReward
from ..routes.objective import objective_of
from .fit import keep
from .held_out import Patience, log_likelihood_per_decision, split
from .learned import LearnedReward, best_constant, constant_matters
from .optimisers import Loss, Progress, minimise

if TYPE_CHECKING:
    import torch

OPTIMIZERS = ("adamw", "lbfgs")
EPOCH_TOLERANCE = 1e-9  # of V while a network is trained
OFFSET_DOUBLINGS = 12  # of what is taken from all rewards until the value at the start is finite
FORMAT = "maxent_irl.NetworkIRL 1"


@dataclass
class Training:
    """How the training of one member went.

    Attributes
    ----------
    losses : list of float
        Mean negative log-likelihood per decision before each epoch.
    patience : Patience
        With the held-out log-likelihoods, or minus the losses if nothing is held out.
    gradient : float
        Largest gradient component per decision in the last epoch.
    converged : bool
    message : str
        Why it stopped, if not by patience.
    """

    patience: Patience
    losses: list[float] = field(default_factory=list)
    gradient: float = np.inf
    converged: bool = False
    message: str = ""


@dataclass(eq=False, repr=False)
class NetworkIRL(LearnedReward):
    """Recover a reward that a torch module computes from inputs, by exact gradients of the likelihood.

    Every epoch solves the soft Bellman equation, and sends the derivative of the log-likelihood with respect to the reward back
    through the module: there are no sampled trajectories and no minibatches.

    Parameters
    ----------
    mdp : MDP
    inputs : (S, D) or (S, A, D) array
        What the reward is a function of.
    module : torch.nn.Module
        Maps (n, D) inputs to (n, 1) rewards. With `image_shape` it maps an image (1, D, H, W) to (1, 1, H, W). It is copied, not
        changed, and computes in double precision. Layers with ``reset_parameters()`` start from `random_state`.
    optimizer : "adamw", "lbfgs" or callable
        "lbfgs" is scipy's L-BFGS until the largest gradient component per decision is `tol`, without early stopping. A callable
        takes the parameters and returns a `torch.optim.Optimizer`.
    learning_rate : float
        Of "adamw".
    weight_decay : float >= 0
        Of "adamw". For "lbfgs" the precision of a zero-mean Gaussian prior on each parameter.
    max_epochs : int
    validation_fraction : float in (0, 1) or None
        Of the trajectories that are held out to say when to stop; other ones for each member. None: the training loss says it.
    patience : int
        Epochs without a better held-out likelihood after which training stops. It then goes back to the best epoch.
    n_members : int
        Modules that are trained from different starts; the reward is their mean.
    image_shape : (H, W), GridWorld or None
        The grid whose cells are the states, row by row, for convolutional modules. A `GridWorld` says where states lie.
    tol : float
        For "lbfgs".
    transformer, temperature, action_prior, inference, covariance, callback, n_jobs
        As for `GaussianProcessIRL`. The callback is called after each epoch.
    warm_start : bool
        Start from the parameters of the previous fit, or from those loaded.
    random_state : int, RandomState or None

    Attributes
    ----------
    members_ : list of torch.nn.Module
    trainings_ : list of Training
        Losses and held-out scores of each member.
    offset_ : float
        Added to what modules return: the best constant reward, 0 where a constant changes nothing.
    coef_ : (K,) array
        Parameters of all members. They have no standard errors: take them from `maxent_irl.uncertainty.bootstrap`, or the spread
        of members from `predict_reward(..., return_std=True)`.
    reward_, policy_, value_, visitations_, log_likelihood_, converged_, n_iter_, ...
        As of `MaxEntIRL`.

    Raises
    ------
    ImportError
        Without torch, naming the extra.
    ValueError
        For bad input; for a module whose output has the wrong shape or is not finite.

    Warns
    -----
    ConvergenceWarning
        If training stopped at `max_epochs` or diverged; the best finite parameters are kept.

    References
    ----------
    Wulfmeier, M., Ondruska, P. and Posner, I. (2015). Maximum entropy deep inverse reinforcement learning. arXiv:1507.04888.
    """

    module: Any = None
    _: KW_ONLY
    optimizer: str | Callable = "adamw"
    learning_rate: float = 0.005
    weight_decay: float = 0.01
    max_epochs: int = 1000
    validation_fraction: float | None = 0.2
    patience: int = 50
    n_members: int = 1
    image_shape: Any = None
    tol: float = 1e-6
    l2: float = field(default=0.0, init=False)

    def fit(self, X: Any, y: None = None, *, groups: ArrayLike | None = None, validation: Any = None) -> NetworkIRL:
        """Recover the reward from demonstrations.

        Parameters
        ----------
        X : Demonstrations, or anything its constructor takes
        y : ignored
        groups : ignored but for ``covariance="clustered"``
        validation : Demonstrations, optional
            To be held out in place of a share of X.
        """
        demonstrations, inputs = self._read(X)
        random = check_random_state(self.random_state)
        seeds = random.randint(np.iinfo(np.int32).max, size=self.n_members)
        image = self._image(inputs)
        members = self._started(seeds)
        model = NetworkReward(members, inputs, image)
        new = self._posed(demonstrations, model, [f"parameter {k}" for k in range(model.n_parameters)], 0.0, groups)

        self.offset_ = self._settle(model, new.objective)

        def objective(of: Any) -> Objective:
            return objective_of(new.agent, model, of, "likelihood", n_jobs=self.n_jobs)

        if self.optimizer == "lbfgs":
            trainings = [self._by_lbfgs(model.of_member(i), new.objective) for i in range(self.n_members)]
        else:
            trainings = []
            for i, seed in enumerate(seeds):
                kept, held_out = split(
                    demonstrations, self.mdp, validation, self.validation_fraction, np.random.RandomState(seed)
                )
                judge = None if held_out is None else objective(held_out)
                with _seeded(int(seed)):
                    trainings.append(self._by_epochs(model.of_member(i), objective(demonstrations[kept]), judge))
        for member in members:
            member.eval()
        self.inputs_, self.members_, self.trainings_ = inputs, members, trainings
        self.n_features_in_ = inputs.n_columns
        point = new.objective.at(model.parameters)
        keep(self, new, point)
        self.constant_determined_ = constant_matters(point)
        self.loss_curve_, self.largest_gradient_ = trainings[0].losses, max(t.gradient for t in trainings)
        self.n_iter_ = max(len(training.losses) for training in trainings) - 1
        self.converged_ = all(training.converged for training in trainings)
        self._warn(trainings)
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        torch = require_torch()
        if not isinstance(self.module, torch.nn.Module):
            raise ValueError(f"module must be a torch.nn.Module; got {self.module!r}")
        if not any(True for _ in self.module.parameters()):
            raise ValueError("module has no parameters to learn")
        if self.optimizer not in OPTIMIZERS and not callable(self.optimizer):
            raise ValueError(f"optimizer must be 'adamw', 'lbfgs' or a function; got {self.optimizer!r}")
        check_positive("learning_rate", self.learning_rate)
        check_positive("weight_decay", self.weight_decay, or_zero=True)
        check_positive("tol", self.tol)
        for name in ("max_epochs", "patience", "n_members"):
            check_count(name, getattr(self, name))
        if self.validation_fraction is not None:
            check_interval("validation_fraction", self.validation_fraction, 0.0, 1.0)

    def _image(self, inputs: Inputs) -> GridImage | None:
        if self.image_shape is None:
            return None
        if len(inputs.shape) > 1:
            raise ValueError("with image_shape the inputs are those of the cells, (S, D), not of state-action pairs")
        world = self.image_shape
        shape = tuple(getattr(world, "shape", world))
        image = GridImage(shape, getattr(world, "cells", None))
        if len(image.cells) != self.mdp.n_states:
            raise ValueError(
                f"image_shape={shape} has {len(image.cells)} cells and the MDP {self.mdp.n_states} states: give the "
                "GridWorld if some cells have no state"
            )
        return image

    def _started(self, seeds: NDArray) -> list[torch.nn.Module]:
        """The members before training."""
        if self.warm_start and len(getattr(self, "members_", ())) == self.n_members:
            return [copy.deepcopy(member) for member in self.members_]
        members = []
        for seed in seeds:
            member = copy.deepcopy(self.module).double()
            with _seeded(int(seed)):
                for part in member.modules():
                    if callable(getattr(part, "reset_parameters", None)):
                        part.reset_parameters()
            members.append(member)
        return members

    def _settle(self, model: NetworkReward, objective: Objective) -> float:
        """Give the members an offset with which each has a finite value at the start; return it."""
        model.offset = best_constant(objective, model.inputs, 1.0)[0]
        for doubling in range(OFFSET_DOUBLINGS):
            try:
                for i in range(len(model.members)):
                    one = model.of_member(i)
                    with_reward_model(objective, one).at(one.parameters)
            except ImproperProblemError:
                model.offset -= self.temperature * 2.0**doubling
            else:
                break
        return model.offset

    def _by_lbfgs(self, model: NetworkReward, objective: Objective) -> Training:
        """Until the gradient vanishes."""
        model.members[0].eval()
        loss = Loss(with_reward_model(objective, model), self.weight_decay)
        fit = minimise(
            loss, model.parameters, solver="lbfgs", tol=self.tol, max_iter=self.max_epochs, callback=self.callback
        )
        model.load(fit.point.coef)
        training = Training(
            Patience(self.patience), fit.loss_curve, fit.point.gradient_norm, fit.converged, fit.message
        )
        for value in fit.loss_curve:
            training.patience.note(-value)
        return training

    def _by_epochs(self, model: NetworkReward, objective: Objective, judge: Objective | None) -> Training:
        """Until the held-out likelihood stops increasing; the module is left at its best epoch."""
        torch = require_torch()
        member = model.members[0]
        if callable(self.optimizer):
            optimizer = self.optimizer(member.parameters())
        else:
            optimizer = torch.optim.AdamW(member.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        training = Training(Patience(self.patience))
        values: Any = None
        nothing = Features.of_rows(np.zeros((len(model.inputs.index), 0)), model.inputs.shape)
        best = copy.deepcopy(member.state_dict())
        for epoch in range(self.max_epochs + 1):
            member.train()
            optimizer.zero_grad()
            try:
                reward = model.tensor(member)
                given = with_reward_model(objective, OffsetReward(reward.detach().numpy(), nothing))
                if isinstance(given, TaskObjective):
                    given.solve_tolerance = EPOCH_TOLERANCE
                point: Any = given.at(np.zeros(0), start=values)
                log_likelihood = point.value / self.temperature + objective.log_prior
            except (ImproperProblemError, ValueError) as error:
                if epoch == 0:
                    raise
                training.message = f"training diverged in epoch {epoch} ({error})"
                break
            training.losses.append(-log_likelihood / objective.total_weight)
            score = -training.losses[-1] if judge is None else log_likelihood_per_decision(judge, point)
            if training.patience.note(score):
                best = copy.deepcopy(member.state_dict())
            values = point.values
            reward.backward(torch.as_tensor(-point.mass / (self.temperature * objective.total_weight)))
            training.gradient = max(float(p.grad.abs().max()) for p in member.parameters() if p.grad is not None)
            if self.callback is not None:
                self.callback(Progress(epoch, training.losses[-1], training.gradient))
            if training.patience.exhausted:
                training.converged = True
                break
            if epoch < self.max_epochs:
                optimizer.step()
        else:
            training.message = f"max_epochs={self.max_epochs} epochs were not enough"
        member.load_state_dict(best)
        return training

    def _warn(self, trainings: list[Training]) -> None:
        failed = [i for i, training in enumerate(trainings) if not training.converged]
        if failed:
            of = f"{len(failed)} of {len(trainings)} members" if len(trainings) > 1 else "the network"
            warnings.warn(
                f"{of} did not converge: {trainings[failed[0]].message}. The best parameters are kept. Raise max_epochs, or "
                "lower learning_rate if the training diverged",
                ConvergenceWarning,
                stacklevel=3,
            )

    @property
    def reward_description_(self) -> str:
        """The form of the reward in a few words, for reports."""
        check_is_fitted(self)
        return f"network of {self.n_features_in_} inputs, {len(self.coef_):,} parameters"

    # Predictions.

    def predict_reward(self, inputs: Any, *, return_std: bool = False) -> NDArray | tuple[NDArray, NDArray]:
        """The learnt reward at other inputs, such as those of another world.

        Parameters
        ----------
        inputs : (..., D) array; (H, W, D) for modules of images, whatever the size of the grid
        return_std : bool
            Return the standard deviation over the members too. Where demonstrations cannot determine a constant that is added to
            all rewards, it is that of the reward less its mean over the world of the fit.

        Returns
        -------
        reward : (...) array
        std : (...) array
            With `return_std`.
        """
        check_is_fitted(self)
        if self.image_shape is not None and (np.ndim(inputs) != 3):
            raise ValueError(f"a module of images takes inputs of shape (H, W, D); got {np.shape(inputs)}")
        return super().predict_reward(inputs, return_std=return_std)

    def _predicted(self, rows: NDArray, shape: tuple[int, ...], return_std: bool) -> tuple[NDArray, NDArray | None]:
        image = None if self.image_shape is None else GridImage((shape[0], shape[1]))
        model = NetworkReward(self.members_, self.inputs_, self._image(self.inputs_), self.offset_)
        each = model.predicted(rows, image)
        mean = each.mean(axis=0)
        if not return_std:
            return mean, None
        if len(each) < 2:
            raise ValueError("one network has no standard deviation of the reward: fit an ensemble, n_members=5")
        if not self.constant_determined_:
            here = model.predicted(self.inputs_.table[self.inputs_.index], model.image)
            each = each - here.mean(axis=1, keepdims=True)
        return mean, each.std(axis=0, ddof=1)

    # Files.

    def save_networks(self, path: str | os.PathLike) -> None:
        """Write the parameters of the members as plain arrays (npz); `load_networks` reads them."""
        check_is_fitted(self)
        arrays = {"format": np.array(FORMAT), "offset": np.array(self.offset_)}
        arrays["constant_determined"] = np.array(self.constant_determined_)
        for i, member in enumerate(self.members_):
            arrays |= {f"{i}/{name}": value.numpy() for name, value in member.state_dict().items()}
        write_arrays(path, arrays)

    def load_networks(self, path: str | os.PathLike) -> NetworkIRL:
        """Read what `save_networks` wrote: `predict_reward` works then, and `fit` with `warm_start` goes on from there.

        Raises
        ------
        ValueError
            If the file is of other parameters than those of `module`.
        """
        torch = require_torch()
        self._check_parameters()
        arrays = read_arrays(path)
        if str(arrays.pop("format", "")) != FORMAT:
            raise ValueError(
                f"{os.fspath(path)} does not hold the parameters of a NetworkIRL: write them with save_networks"
            )
        self.inputs_ = self._inputs()
        self.constant_determined_ = bool(arrays.pop("constant_determined"))
        self.offset_ = float(arrays.pop("offset"))
        indices = sorted({int(name.split("/")[0]) for name in arrays})
        members = []
        for i in indices:
            member = copy.deepcopy(self.module).double()
            state = {name.partition("/")[2]: value for name, value in arrays.items() if name.startswith(f"{i}/")}
            try:
                member.load_state_dict({name: torch.as_tensor(value) for name, value in state.items()})
            except RuntimeError as error:
                raise ValueError(f"{os.fspath(path)} holds the parameters of another module: {error}") from None
            members.append(member.eval())
        self.members_ = members
        return self


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers from a seed, inside."""
    torch = require_torch()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
