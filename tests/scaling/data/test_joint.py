"""Joint images: which pseudo-labels are learned from, and what a student is told of each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from scaling.data.images import Split
from scaling.data.joint import TwoSplits, choose
from scaling.data.mix import Mix
from scaling.study.labels import Labelled


def _labelled(classes: list[int], sure: list[float]) -> Labelled:
    return Labelled(
        classes=np.array(classes, np.uint16)[:, None],
        probabilities=np.array(sure, np.float16)[:, None],
    )


LABELLED = _labelled([0, 0, 0, 1, 2, 0, 1], [0.9, 0.5, 0.7, 0.8, 0.3, 0.0, 0.6])


def test_only_the_sure_ones_that_could_be_read_are_learned_from() -> None:
    assert choose(LABELLED, threshold=0, balanced=False).tolist() == [0, 1, 2, 3, 4, 6]
    assert choose(LABELLED, threshold=0.65, balanced=False).tolist() == [0, 2, 3]
    assert choose(LABELLED, threshold=0.95, balanced=True).tolist() == []


def test_balanced_classes_have_the_surest_of_many_and_few_again_and_again() -> None:
    """Two each of three classes: 0 loses its least sure one, 2 has its only one twice."""
    assert choose(LABELLED, threshold=0, balanced=True).tolist() == [0, 2, 3, 6, 4, 4]


def _mix(soft: bool, num_kept: int = 2) -> Mix:
    top = torch.tensor([[1, 3, 0], [2, 0, 1]])[:, :num_kept], torch.tensor([[0.5, 0.3, 0.1], [0.8, 0.2, 0]])
    return Mix(
        ratio=1,
        num_labelled=2,
        chosen=torch.tensor([2, 3]),
        soft=(top[0], top[1][:, :num_kept]) if soft else None,
        num_classes=4,
        smoothing=0.1,
    )


LABELS = torch.tensor([0, 3, 1, 2])


def test_hard_labels_are_as_any_other() -> None:
    assert _mix(soft=False).targets(LABELS, torch.tensor([3, 0])).tolist() == [2, 0]


def test_labelled_images_are_smoothed_as_a_criterion_does_and_soft_ones_are_not() -> None:
    targets = _mix(soft=True).targets(LABELS, torch.tensor([1, 2, 3]))
    torch.testing.assert_close(targets[1:], torch.tensor([[0.1, 0.5, 0.1, 0.3], [0.2, 0.0, 0.8, 0.0]]))
    logits = torch.randn(1, 4, generator=torch.Generator().manual_seed(0))
    smoothed = functional.cross_entropy(logits, torch.tensor([3]), label_smoothing=0.1)
    torch.testing.assert_close(functional.cross_entropy(logits, targets[:1]), smoothed)


@pytest.mark.parametrize("num_kept", [1, 2, 3])
def test_every_target_is_a_distribution_however_much_of_it_was_kept(num_kept: int) -> None:
    targets = _mix(soft=True, num_kept=num_kept).targets(LABELS, torch.arange(4))
    torch.testing.assert_close(targets.sum(1), torch.ones(4))
    assert (targets >= 0).all()


def test_images_of_two_files_come_in_the_order_that_was_asked_for() -> None:
    own = torch.arange(3, dtype=torch.uint8)[:, None, None, None].expand(3, 3, 2, 2)
    others = Split(images=own + 10, labels=torch.zeros(3), places=torch.arange(3))
    both = TwoSplits(images=own, labels=torch.zeros(6), others=others)
    assert both.pixels(torch.tensor([4, 0, 5, 2]))[:, 0, 0, 0].tolist() == [11, 0, 12, 2]
    assert both.pixels(slice(2, 4))[:, 0, 0, 0].tolist() == [2, 10]
