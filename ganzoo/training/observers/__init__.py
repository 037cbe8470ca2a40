"""What hangs off the trainer: progress, logs, sample grids, checkpoints."""
