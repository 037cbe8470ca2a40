"""ganzoo."""
