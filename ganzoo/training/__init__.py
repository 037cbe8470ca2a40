"""Training: one trainer for every architecture, loss and penalty."""
