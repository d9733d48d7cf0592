"""Weights that a point begins from: all but the classifier, of the same network only."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from scaling.data.catalog import DataConfig, declare
from scaling.data.load import load
from scaling.errors import DataError
from scaling.training.placement import Placement
from scaling.training.run import Run
from scaling.training.start import Start
from tests.scaling.training.conftest import MakePoint, Train

START = Start(point="0123456789abcdef")


def test_a_run_begins_from_the_average_that_was_evaluated(
    make_point: MakePoint, train_point: Train, cpu: torch.device
) -> None:
    outcome, _ = train_point(make_point())
    later = replace(make_point(seed=1), start=START)
    images = load(later.data, None, later.resolution)
    begun = Run(later, images, Placement(device=cpu), start=outcome.weights).model.state_dict()
    alone = Run(make_point(seed=1), images, Placement(device=cpu)).model.state_dict()
    for name, value in begun.items():
        expected = alone[name] if name.startswith("head.") else outcome.weights[name]
        assert torch.equal(value, expected), name


def test_another_network_is_refused(make_point: MakePoint, train_point: Train, cpu: torch.device) -> None:
    outcome, _ = train_point(make_point())
    for axis in ({"depth": 14}, {"width": 0.5}):
        point = replace(make_point(**axis), start=START)
        images = load(point.data, None, point.resolution)
        with pytest.raises(
            DataError, match=r"0123456789abcdef belongs to another network: its .* does not fit"
        ):
            Run(point, images, Placement(device=cpu), start=outcome.weights)


def test_a_linear_probe_moves_the_classifier_alone(
    make_point: MakePoint, train_point: Train, cpu: torch.device
) -> None:
    before, _ = train_point(make_point(ema_decay=0.0))
    probe = replace(make_point(ema_decay=0.0, seed=1), start=replace(START, tune="head"))
    images = load(probe.data, None, probe.resolution)
    run = Run(probe, images, Placement(device=cpu), start=before.weights)
    for _ in range(5):
        run.advance()
    run.evaluate(images.val)  # which changes modes and puts them back
    run.advance()
    after = run.weights
    moved = {name for name, value in after.items() if not torch.equal(value, before.weights[name])}
    assert moved == {"head.fc.weight", "head.fc.bias"}
    averaged = Run(
        replace(probe, recipe=replace(probe.recipe, ema_decay=0.9)),
        images,
        Placement(device=cpu),
        start=before.weights,
    )
    averaged.advance()
    assert torch.equal(averaged.weights["stem.0.weight"], before.weights["stem.0.weight"])


def test_a_linear_probe_is_priced_as_such(make_point: MakePoint) -> None:
    whole = make_point(depth=14, width=0.5)
    probe = replace(whole, start=replace(START, tune="head"))
    images_seen = whole.num_steps * whole.recipe.batch_size
    classifier = 2 * whole.network.num_features * 10
    assert probe.cost.flops == whole.cost.flops
    assert probe.cost.train_flops == (whole.cost.flops + classifier) * images_seen
    assert probe.cost.memory_gb < whole.cost.memory_gb / 2
    assert probe.id != replace(whole, start=START).id
    assert replace(whole, start=START).cost == whole.cost


def test_a_dense_network_begins_from_a_classifier_of_images(
    make_point: MakePoint, train_point: Train, cpu: torch.device
) -> None:
    before, _ = train_point(make_point())
    scenes = declare(DataConfig(name="scenes_of_mnist5k", num_val=10, num_train=64))
    for tune in ("all", "head"):
        point = replace(make_point(seed=1), data=scenes, start=replace(START, tune=tune))
        run = Run(point, load(scenes, None, 8), Placement(device=cpu), start=before.weights)
        begun = run.model.state_dict()
        assert torch.equal(begun["stages.1.0.conv1.weight"], before.weights["stages.1.0.conv1.weight"])
        assert begun["head.weight"].shape == (11, 16, 1, 1)
        run.advance()


def test_pre_training_beats_scratch_where_labels_are_few(
    make_point: MakePoint, train_point: Train, cpu: torch.device
) -> None:
    """The positive control: the same digits, learned before from more of them."""
    before, _ = train_point(make_point(num_train=1024, epochs=6, mirror=False))
    few = make_point(num_train=64, epochs=16, mirror=False, seed=1)
    scratch, _ = train_point(few, "scratch")
    images = load(few.data, None, few.resolution)
    top1 = {}
    for tune in ("all", "head"):
        run = Run(
            replace(few, start=replace(START, tune=tune)), images, Placement(device=cpu), start=before.weights
        )
        while not run.finished:
            run.advance()
        _, top1[tune] = run.evaluate(images.test)
    assert min(top1.values()) > scratch.metrics["test_top1"] + 10, (top1, scratch.metrics)
