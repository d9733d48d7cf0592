"""Predictions: the hours that a plan predicted, compared with those its points took."""
