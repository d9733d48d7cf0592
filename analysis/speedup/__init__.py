"""Comparisons at equal accuracy: what one model family costs for the accuracy of another."""
