"""Searching for good values of a config: many runs, each an ordinary one, and what they tell."""
