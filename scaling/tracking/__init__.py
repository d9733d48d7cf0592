"""W&B runs of a study, written from its files by a separate process: training never waits for a tracker."""

from scaling.tracking.process import MirrorProcess, start
from scaling.tracking.tracker import Tracker

__all__ = ["MirrorProcess", "Tracker", "start"]
