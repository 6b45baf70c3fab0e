"""The chapters: what each screen computes, by the package itself.

Reading order: `chapter` (what a chapter is), `grids` (the grids that several share), `one_decision`, `value_iteration`,
`optimism`, `visitations`, `learning` (recovering a reward while somebody watches), `inverse`, `priors`, `real_data`.
"""

from ..chapters import inverse, one_decision, optimism, priors, real_data, value_iteration, visitations
from ..recording import Recording
from .chapter import Chapter


def all_chapters(recording: Recording) -> dict[str, Chapter]:
    """The chapters in order, by name."""
    fixed = (one_decision, value_iteration, optimism, visitations, inverse, priors)
    chapters = [module.CHAPTER for module in fixed] + [real_data.chapter(recording)]
    return {chapter.name: chapter for chapter in chapters}
