"""Traps: the ways in which data could mislead, reported as warnings."""
