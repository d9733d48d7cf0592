"""Depth against width at equal cost: ladders, their comparisons, and verdicts by training regime."""
