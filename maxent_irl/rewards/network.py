"""Rewards computed by torch modules, on inputs per state or per pair, or on a grid as an image. Needs the extra [torch]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .inputs import Inputs

if TYPE_CHECKING:
    import torch

EXTRA = "this needs torch: pip install 'maxent_irl[torch]'"


def require_torch() -> Any:
    """The module torch; ImportError names the extra."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(EXTRA) from error
    return torch


class NetworkReward:
    """The mean reward of an ensemble of modules of the same form.

    Parameters
    ----------
    members : list of torch.nn.Module
        In double precision. Each maps (n, D') inputs to (n,) or (n, 1) rewards, or, with `image`, an image (1, D', H, W) to
        (1, 1, H, W) or (H, W).
    inputs : Inputs
    image : GridImage or None
    offset : float
        Added to all rewards.

    Attributes
    ----------
    n_parameters : int
        Of all members together.
    """

    n_parameters: int

    def __init__(
        self, members: list[torch.nn.Module], inputs: Inputs, image: GridImage | None = None, offset: float = 0.0
    ) -> None:
        self.torch = require_torch()
        self.members, self.inputs, self.image, self.offset = members, inputs, image, offset
        self.sizes = [sum(p.numel() for p in member.parameters()) for member in members]
        self.n_parameters = sum(self.sizes)
        self._index = self.torch.as_tensor(inputs.index)
        self._rows = self.torch.as_tensor(inputs.table)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"torch": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"torch": require_torch()})

    def of_member(self, i: int) -> NetworkReward:
        """The reward of one member alone; parameters are shared."""
        return NetworkReward([self.members[i]], self.inputs, self.image, self.offset)

    # Parameters, as one flat vector.

    @property
    def parameters(self) -> NDArray:
        """(K,) parameters that the modules hold now."""
        flat = [p.detach().reshape(-1) for member in self.members for p in member.parameters()]
        return self.torch.cat(flat).numpy().copy() if flat else np.zeros(0)

    def load(self, theta: NDArray) -> None:
        """Put parameters (K,) into the modules."""
        at = 0
        values = self.torch.as_tensor(np.asarray(theta, dtype=float))
        with self.torch.no_grad():
            for member in self.members:
                for p in member.parameters():
                    p.copy_(values[at : at + p.numel()].reshape(p.shape))
                    at += p.numel()

    # The reward.

    def tensor(self, member: torch.nn.Module) -> torch.Tensor:
        """The reward of one member in the shape of the objective, with its graph."""
        if self.image is not None:
            flat = self.image.rewards(member, self._rows[self._index])
        else:
            flat = rewards_of(member, self._rows)[self._index]
        return flat.reshape(self.inputs.shape) + self.offset

    def __call__(self, theta: NDArray) -> NDArray:
        """Reward for parameters (K,)."""
        self.load(theta)
        with self.torch.no_grad():
            return np.mean([self.tensor(member).numpy() for member in self.members], axis=0)

    def vjp(self, theta: NDArray, mass: NDArray) -> NDArray:
        """(K,): by automatic differentiation."""
        self.load(theta)
        given = self.torch.as_tensor(np.ascontiguousarray(mass)) / len(self.members)
        parts = []
        for member in self.members:
            parameters = list(member.parameters())
            found = self.torch.autograd.grad(self.tensor(member), parameters, given, allow_unused=True)
            parts += [
                self.torch.zeros(p.numel(), dtype=p.dtype) if g is None else g.reshape(-1)
                for p, g in zip(parameters, found, strict=True)
            ]
        return self.torch.cat(parts).numpy().copy()

    def predicted(self, rows: NDArray, image: GridImage | None = None) -> NDArray:
        """Reward of each member at inputs (n, D'), or on the image of another grid, (n_members, n)."""
        with self.torch.no_grad():
            given = self.torch.as_tensor(rows)
            values = [
                rewards_of(member, given) if image is None else image.rewards(member, given) for member in self.members
            ]
        return np.stack([value.numpy() for value in values]) + self.offset


class GridImage:
    """States as the cells of an image, row by row unless `cells` says where each lies.

    Parameters
    ----------
    shape : (H, W)
    cells : (S, 2) int array, optional
        Row and column of each state; cells without a state are 0 in every channel.
    """

    def __init__(self, shape: tuple[int, int], cells: NDArray | None = None) -> None:
        H, W = shape
        self.shape = (H, W)
        self.cells = np.stack(np.divmod(np.arange(H * W), W), axis=1) if cells is None else np.asarray(cells)

    def rewards(self, member: torch.nn.Module, rows: torch.Tensor) -> torch.Tensor:
        """Reward of each state (S,), from inputs per state (S, D')."""
        torch = require_torch()
        H, W = self.shape
        at = torch.as_tensor(self.cells[:, 0] * W + self.cells[:, 1])
        flat = torch.zeros((H * W, rows.shape[1]), dtype=rows.dtype).index_copy(0, at, rows)
        out = member(flat.T.reshape(1, -1, H, W))
        if tuple(out.shape) not in ((1, 1, H, W), (1, H, W), (H, W)):
            raise ValueError(
                f"module returns the shape {tuple(out.shape)} for an image (1, {rows.shape[1]}, {H}, {W}): it must be (1, 1, "
                f"{H}, {W}), one reward per cell"
            )
        return _finite(out.reshape(-1)[at], "state")


def rewards_of(member: torch.nn.Module, rows: torch.Tensor) -> torch.Tensor:
    """Reward (n,) of a module at inputs (n, D'); checked."""
    out = member(rows)
    if tuple(out.shape) not in ((len(rows),), (len(rows), 1)):
        raise ValueError(
            f"module returns the shape {tuple(out.shape)} for inputs {tuple(rows.shape)}: it must be ({len(rows)}, 1), one "
            "reward per row"
        )
    return _finite(out.reshape(-1), "row")


def _finite(out: torch.Tensor, what: str) -> torch.Tensor:
    bad = ~out.detach().isfinite()
    if bad.any():
        i = int(bad.nonzero()[0, 0])
        raise ValueError(f"module returns {float(out[i])} at {what} {i}: rewards must be finite")
    return out
