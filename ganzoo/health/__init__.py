"""What goes wrong in the training of GANs, and how it is noticed."""
