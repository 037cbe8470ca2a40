"""Plain re-writings of the training loops that people use, as they use them."""
