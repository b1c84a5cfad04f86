"""Attacks by a model that learned from what shadow models answer to their own members."""
