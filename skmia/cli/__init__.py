"""What the command `skmia` does."""
