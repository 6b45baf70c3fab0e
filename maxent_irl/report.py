"""One self-contained HTML page about a fit: `maxent_irl.plotting.report` writes it."""

from .plotting.report import write_report

__all__ = ["write_report"]
