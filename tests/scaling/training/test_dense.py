"""Segmentation: a dense point trains, resumes, splits its batches and is counted as by hand."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from scaling.data.catalog import DataConfig, declare
from scaling.data.images import Images, Split
from scaling.data.stored import IGNORED
from scaling.errors import Refused
from scaling.models.build import build
from scaling.models.efficientnet import EfficientNet
from scaling.models.resnet import ResNetRS
from scaling.models.resnet_small import ResNetSmall
from scaling.study.cost import cost_of
from scaling.study.point import Point
from scaling.study.training_step import TrainingStep
from scaling.training.criterion import PixelCriterion, upsampled
from scaling.training.evaluate import evaluate
from scaling.training.failure import Stopped
from tests.scaling.training.conftest import MakePoint, Train

SCENES = declare(DataConfig(name="scenes_of_mnist5k", num_val=100, num_train=256))


@pytest.fixture
def point(make_point: MakePoint) -> Point:
    return replace(make_point(resolution=28, width=0.5, epochs=3), data=SCENES)


def test_a_network_says_a_class_of_every_feature() -> None:
    for family, side, features in ((ResNetSmall(), 14, 4), (ResNetRS(), 64, 2), (EfficientNet(), 33, 2)):
        depth = {ResNetSmall: 8, ResNetRS: 14, EfficientNet: 0.5}[type(family)]
        network = replace(family.network(depth, 0.25), dense=True)
        module = build(network, in_channels=3, num_classes=5, dropout=0.1).eval()
        logits = module(torch.randn(2, 3, side, side))
        assert logits.shape == (2, 5, features, features)
        cost = cost_of(
            TrainingStep(network=network, resolution=side, in_channels=3, num_classes=5), images_seen=1
        )
        assert cost.params == sum(each.numel() for each in module.parameters())
        pooled = cost_of(
            TrainingStep(
                network=replace(network, dense=False), resolution=side, in_channels=3, num_classes=5
            ),
            images_seen=1,
        )
        head = 2 * features**2 * 5 * module.get_parameter(_classifier(module)).shape[1]
        one = 2 * 5 * module.get_parameter(_classifier(module)).shape[1]
        assert cost.flops - pooled.flops == head - one
        assert cost.memory_gb > pooled.memory_gb


def _classifier(module: torch.nn.Module) -> str:
    return [name for name, value in module.named_parameters() if value.ndim == 4][-1]


def test_it_learns_to_tell_digits_from_the_canvas(point: Point, train_point: Train) -> None:
    outcome, rows = train_point(replace(point, epochs=8))
    assert outcome.metrics["miou"] > 100 / 11  # of a network that sees canvas everywhere it is less
    assert set(outcome.metrics) == {"miou", "test_miou", "loss", "train_loss"}
    assert rows[-1]["train_pixels"] > 85
    assert rows[0]["loss"] > rows[-1]["loss"]


def test_a_stopped_point_ends_as_another(point: Point, train_point: Train) -> None:
    whole, rows = train_point(point)
    asked = iter(range(11))
    with suppress(Stopped):
        train_point(point, "stopped", should_stop=lambda: next(asked, None) is None)
    resumed, again = train_point(point, "stopped")
    assert resumed.metrics == whole.metrics
    assert [{**row, "seconds": 0} for row in again] == [{**row, "seconds": 0} for row in rows]


def test_the_loss_of_a_batch_is_that_of_its_parts() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(8, 5, 4, 4, generator=generator)
    labels = torch.randint(5, (8, 16, 16), generator=generator)
    labels[:, :3], labels[0, :9], labels[1] = IGNORED, IGNORED, IGNORED
    criterion = PixelCriterion(label_smoothing=0.1)
    halves = [criterion(*each) for each in zip(logits.split(4), labels.split(4), strict=True)]
    whole = criterion(logits, labels)
    assert whole.item() == pytest.approx(sum(half.item() for half in halves) / 2, rel=1e-6)
    changed = labels.clone()
    changed[labels == IGNORED] = 0
    assert criterion(logits, changed).item() != pytest.approx(whole.item())
    only = functional.cross_entropy(
        upsampled(logits[2:], labels[2:]), labels[2:], ignore_index=IGNORED, label_smoothing=0.1
    )
    assert criterion(logits[2:], labels[2:]).item() == pytest.approx(only.item(), rel=1e-6)
    assert criterion.num_correct(logits, labels).item() <= 8


def test_mean_intersection_over_union_is_as_by_hand() -> None:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (30, 2, 6, 6), generator=generator, dtype=torch.uint8)
    pixels[:, 1] %= 4
    pixels[:, 1, 0] = IGNORED
    pixels[:, 1, 1:][pixels[:, 1, 1:] == 3] = 2  # a class that never occurs
    model = torch.nn.Conv2d(1, 4, 1)
    split = Split(images=pixels, labels=torch.zeros(30, dtype=torch.int64))
    statistics = {"mean": torch.full((1, 1, 1), 100.0), "deviation": torch.full((1, 1, 1), 50.0)}
    images = Images(train=split, val=split, test=split, mask_classes=4, **statistics)
    loss, miou = evaluate(model, images, split, batch_size=7, bf16=False)
    with torch.no_grad():
        logits = model((pixels[:, :1].float() - 100) / 50)
    truth, said = pixels[:, 1].long(), logits.argmax(1)
    known = truth != IGNORED
    shares = [
        (known & (truth == one) & (said == one)).sum() / (known & ((truth == one) | (said == one))).sum()
        for one in range(3)
    ]
    assert miou == pytest.approx(100 * float(torch.stack(shares).mean()))
    assert loss == pytest.approx(
        functional.cross_entropy(logits, truth, ignore_index=IGNORED).item(), rel=1e-5
    )


def test_what_would_move_an_image_without_its_mask_is_refused(point: Point) -> None:
    with pytest.raises(Refused, match="not their masks: use 0"):
        replace(point, recipe=replace(point.recipe, rand_augment_layers=2))
