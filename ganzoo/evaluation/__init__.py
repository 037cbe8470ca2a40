"""How good samples are, in numbers that can be compared."""
