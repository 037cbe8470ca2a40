"""What measures speed, beside faithful re-writings of the loops that it is measured against."""
