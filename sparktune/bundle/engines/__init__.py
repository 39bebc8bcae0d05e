"""What computes predictions from a bundle: one engine a file."""
