"""The batches of a run on videos: clips with a random start, and one crop window for all their frames."""

from __future__ import annotations

from torch import Tensor

from scaling.data.ahead import Ahead
from scaling.data.clip_windows import ClipWindows
from scaling.data.videos import Videos
from scaling.training.batches import Batches
from scaling.training.randomness import generator


class ClipBatches(Batches):
    """`Batches` of clips, which a thread cuts from the videos on the CPU, one step ahead."""

    def _fetching(self) -> Ahead:
        point = self._point
        recipe, side = point.recipe, point.resolution
        assert point.frames is not None
        self._windows = ClipWindows(
            frames=point.frames,
            side=side,
            crop=recipe.crop,
            padding=min(round(recipe.crop_padding * side), side - 1),
            scale_jitter=recipe.scale_jitter,
            mirror=recipe.flip and point.data.mirror,
        )
        self._numbers_of_share = range(recipe.batch_size)[self._share]
        return Ahead(self._cut, self._place)

    def _pixels(self, step: int, chosen: Tensor) -> Tensor:
        assert self._ahead is not None
        return self._taken(self._ahead, step, chosen)

    def _cut(self, step: int, chosen: Tensor) -> Tensor:
        videos = self._images.train
        assert isinstance(videos, Videos)
        draws = generator("augment", self._point.seed, step)
        drawn = self._windows.draw(draws, self._point.recipe.batch_size)
        return videos.clips(chosen, drawn, self._numbers_of_share)
