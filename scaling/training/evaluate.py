"""Evaluation of a network on a split: loss, and accuracy or, for masks, mean intersection over union."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from scaling.data.images import Images, Split
from scaling.data.masks import apart
from scaling.data.videos import ViewedVideos
from scaling.training import garbage
from scaling.training.device import autocast, hand_over, layout, send, without_gradients
from scaling.training.failure import classify
from scaling.training.processes import ALONE, Processes
from scaling.training.scores import scores_of

_IMAGES, _PIXELS = 256, 1 << 20
"""Evaluation batches of small images are enlarged to this many images or pixels, whichever is reached first:
three times as fast as batches of 128 for the smallest networks. Larger ones might need more memory than
training."""


def evaluate(
    model: nn.Module,
    images: Images,
    split: Split | ViewedVideos,
    *,
    batch_size: int,
    bf16: bool,
    processes: Processes = ALONE,
) -> tuple[float, float]:
    """Mean cross-entropy in nats, without label smoothing, and top-1 accuracy in percent, on a split.

    With masks, the loss is a mean over pixels, and mean intersection over union replaces accuracy
    (`scores.Pixels`). Batches have the `batch_size` of training, so that they take less memory than its
    steps; those of small images are larger (`num_at_once`). Batches are dealt out to the processes in turn.
    For videos, probabilities are averaged over the views.
    """
    most = num_at_once(batch_size, split.pixels_each)
    size = max(1, most // split.views_each)
    was_training = model.training
    model.eval()
    device = images.mean.device
    scores = scores_of(images, len(split))
    with without_gradients(device):
        for start in range(processes.rank * size, len(split), processes.size * size):
            part = slice(start, start + size)
            pixels, labels = send(split.pixels(part), device), send(split.labels[part], device)
            if images.mask_classes:
                pixels, labels = apart(pixels)
            with autocast(device, bf16=bf16):
                logits = _of_views(model, images, pixels, most)
            scores.add(logits, labels)
            hand_over(device)
    model.train(was_training)
    processes.sum(scores.sums)
    return scores.result()


def _of_views(model: nn.Module, images: Images, pixels: Tensor, most: int) -> Tensor:
    """Logits (N, classes) of images; of videos (N, V, C, T, S, S), the log of the views' mean probability."""
    if pixels.ndim == 4:
        return logits_of(model, images, pixels)
    number, views = pixels.shape[:2]
    parts = torch.split(pixels.flatten(0, 1), most)
    of_views = torch.cat([logits_of(model, images, part) for part in parts]).view(number, views, -1)
    return of_views.log_softmax(-1).logsumexp(1) - math.log(views)


def num_at_once(batch_size: int, pixels_each: int) -> int:
    """Images per evaluation batch, given the `batch_size` of training and the pixels of one image."""
    return max(batch_size, min(_IMAGES, _PIXELS // pixels_each))


def logits_of(model: nn.Module, images: Images, pixels: Tensor) -> Tensor:
    """Logits of images or clips (N, ...); where memory runs out, each half is evaluated on its own."""
    try:
        batch = images.normalised(pixels).contiguous(memory_format=layout(clips=pixels.ndim == 5))
        return model(batch).float()  # type: ignore[no-any-return]
    except Exception as error:
        if classify(error) != "out_of_memory" or len(pixels) == 1:
            raise
    garbage.free()
    half = len(pixels) // 2
    return torch.cat([logits_of(model, images, part) for part in (pixels[:half], pixels[half:])])
