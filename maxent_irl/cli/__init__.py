"""The command line: `main` parses, `recovery` does the main job, `table_grid` places states of a table on a grid."""

from .main import main

__all__ = ["main"]
