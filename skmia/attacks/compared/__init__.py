"""Attacks that compare the target with shadow models on the same record."""
