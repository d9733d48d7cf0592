"""Frontiers: the results that no other beats in error and cost, or in any objectives."""
