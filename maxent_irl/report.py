"""One self-contained HTML page about a fit, or about several: `maxent_irl.plotting.report` writes it."""

from .plotting.report import write_comparison_report, write_report

__all__ = ["write_comparison_report", "write_report"]
