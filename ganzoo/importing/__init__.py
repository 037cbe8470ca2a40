"""Bringing in checkpoints that other tools wrote, without running anything from them."""
