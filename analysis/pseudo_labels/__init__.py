"""Pseudo-labels: what networks gain from them."""
