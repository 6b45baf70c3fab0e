"""Maximum-entropy inverse reinforcement learning in finite MDPs."""

from maxent_irl._version import __version__

__all__ = ["__version__"]
