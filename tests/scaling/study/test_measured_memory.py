"""Memory of a training step against what autograd keeps, and against the peak of real steps."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from scaling.models.build import build
from scaling.models.efficientnet import EfficientNet, EfficientNetRS
from scaling.models.families import FAMILIES, Family
from scaling.models.network import Network
from scaling.models.resnet import ResNet, ResNetRS
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.models.resnet_small import ResNetSmall
from scaling.study.form import keeps_indices, kept_tensors
from scaling.study.memory import MALLOC_FACTOR, memory_of
from scaling.study.training_step import TrainingStep

NUM_CLASSES = 10

NETWORKS = {
    # family, depth, width, resolution, frames
    "small": (ResNetSmall(), 14, 1, 28, 1),
    "small without switches": (ResNetSmall(se_ratio=0, pooled_shortcut=False, stem="plain"), 14, 1, 27, 1),
    "small silu": (ResNetSmall(activation="silu"), 14, 1, 28, 1),
    "18": (ResNet(), 18, 0.5, 64, 1),
    "50": (ResNet(), 50, 0.25, 65, 1),
    "26 silu": (ResNet(activation="silu", stem="deep"), 26, 0.25, 64, 1),
    "rs": (ResNetRS(), 50, 0.25, 64, 1),
    "rs max-pool": (ResNetRS(stem_pool="max"), 26, 0.25, 64, 1),
    "rs silu": (ResNetRS(activation="silu"), 26, 0.25, 64, 1),
    "rs without SE": (ResNetRS(se_ratio=0), 26, 0.25, 64, 1),
    "b0": (EfficientNet(), 1, 0.5, 64, 1),
    "b1 without SE": (EfficientNet(se_ratio=0), 1.1, 0.5, 64, 1),
    "b0 relu": (EfficientNet(activation="relu"), 1, 0.5, 65, 1),
    "b3 rs": (EfficientNetRS(), 1.4, 0.5, 64, 1),
    "clips": (ResNet3DRS(), 26, 0.25, 64, 8),
    "clips as in the garden": (ResNet3DRS(stem_pool="max", pooled_shortcut=False), 26, 0.25, 64, 5),
    "clips silu": (ResNet3DRS(activation="silu", se_ratio=0), 26, 0.25, 48, 4),
}


def kept_bytes(module: nn.Module, images: torch.Tensor, *, bf16: bool = False) -> int:
    """Bytes of all storages that autograd keeps in a forward pass, weights and statistics left out."""
    labels = torch.zeros(len(images), dtype=torch.long)
    known = {each.untyped_storage().data_ptr() for each in (*module.parameters(), *module.buffers(), labels)}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage  # held, so that no address is used twice
        return tensor

    passes = torch.autocast("cpu", torch.bfloat16, enabled=bf16)
    with passes, torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        nn.functional.cross_entropy(module.train()(images), labels)
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize(
    ("family", "depth", "width", "resolution", "frames"), list(NETWORKS.values()), ids=list(NETWORKS)
)
def test_what_is_kept_for_an_image_is_what_autograd_keeps(
    family: Family, depth: float, width: float, resolution: int, frames: int
) -> None:
    network = family.network(depth, width)
    module = build(network, in_channels=3, num_classes=NUM_CLASSES)
    clip = (frames,) if network.takes_clips else ()
    few, more = (kept_bytes(module, torch.randn(batch, 3, *clip, resolution, resolution)) for batch in (2, 6))
    kept, last_features = formula(network, resolution, frames, bytes_each=4)
    # In place, ReLU keeps its output; SiLU keeps its input, and pooling does not need the last output.
    spare = 4 * last_features if family.activation == "silu" else 0
    assert more - few == 4 * (kept - spare)
    assert more == pytest.approx(6 * kept, rel=0.01)  # norms keep their statistics once a batch


@pytest.mark.parametrize("name", ["small", "18", "50", "rs", "rs max-pool", "b0"])
def test_in_bf16_autograd_keeps_what_the_formula_says(name: str) -> None:
    """But for clips, which PyTorch pools in fp32."""
    family, depth, width, resolution, frames = NETWORKS[name]
    network = family.network(depth, width)
    module = build(network, in_channels=3, num_classes=NUM_CLASSES)
    few, more = (
        kept_bytes(module, torch.randn(batch, 3, resolution, resolution), bf16=True) for batch in (2, 6)
    )
    kept, _ = formula(network, resolution, frames, bytes_each=2)
    assert more - few == pytest.approx(4 * kept, rel=0.01)


def formula(network: Network, resolution: int, frames: int, *, bytes_each: int) -> tuple[int, int]:
    """Bytes that the layers say are kept for an image, and elements of the last features."""
    kept, last_features = bytes_each * 3 * resolution**2 * frames, 0
    for part in network.parts(3, NUM_CLASSES):
        for layer in part.block.layers():
            each = bytes_each * kept_tensors(layer) + 8 * keeps_indices(layer)
            kept += part.repeats * each * layer.out_channels * layer.at.positions(resolution, frames)
            if part.name == "head" and layer.kind == "pool":
                last_features = layer.in_channels * layer.source.positions(resolution, frames)
    return kept, last_features


PEAKS = [
    # family, depth, width, resolution, frames, batch; none of those that MALLOC_FACTOR was taken from
    ("resnet_small", 14, 2, 32, 1, 64),
    ("resnet_small", 32, 1, 32, 1, 64),
    ("resnet", 34, 0.5, 96, 1, 32),
    ("resnet", 50, 0.25, 112, 1, 32),
    ("resnet", 101, 0.25, 128, 1, 8),
    ("resnet_rs", 26, 0.5, 128, 1, 16),
    ("resnet_rs", 50, 0.75, 64, 1, 16),
    ("efficientnet", 1, 1, 96, 1, 16),
    ("efficientnet_rs", 1.8, 0.5, 128, 1, 8),
    ("resnet3d_rs", 50, 0.25, 64, 8, 8),
    ("resnet3d_rs", 26, 0.5, 64, 4, 8),
    ("resnet3d_rs", 14, 0.75, 48, 8, 8),
]


def estimates_and_peaks(device: str, batch_factor: int) -> list[tuple[int, int]]:
    """Bytes of tensors, estimated, and of real steps in processes of their own, of each case."""
    cases = [(*case, batch_size * batch_factor) for *case, batch_size in PEAKS]
    command = [sys.executable, str(Path(__file__).with_name("measured_peaks.py")), device, json.dumps(cases)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    peaks = [json.loads(line) for line in done.stdout.splitlines()]
    estimates = [
        memory_of(
            TrainingStep(
                network=FAMILIES[name]().network(depth, width),
                resolution=resolution,
                frames=frames,
                in_channels=3,
                num_classes=1000,
                batch_size=batch_size,
            )
        ).total
        for name, depth, width, resolution, frames, batch_size in cases
    ]
    return list(zip(estimates, peaks, strict=True))


@pytest.mark.xdist_group("memory")
@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="this system does not reset the peak of a process"
)
def test_the_resident_peak_on_a_cpu() -> None:
    pairs = estimates_and_peaks("cpu", 1)
    assert len(pairs) == 12
    for estimate, peak in pairs:
        assert 0.95 * estimate < peak < 2 * estimate, pairs  # the tensors are there, and little else
    assert statistics.median(abs(MALLOC_FACTOR * each / peak - 1) for each, peak in pairs) <= 0.15, pairs


@pytest.mark.xdist_group("memory")
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_the_peak_of_tensors_on_cuda() -> None:
    pairs = estimates_and_peaks("cuda", 8)
    assert len(pairs) == 12
    assert statistics.median(abs(each / peak - 1) for each, peak in pairs) <= 0.15, pairs
