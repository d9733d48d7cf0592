"""Frames: what more frames of a clip gain, against depth, width and resolution."""
