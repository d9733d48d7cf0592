"""`python -m scaling cost`: the costs of networks, in total or layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from scaling.command.asked import Asked, Setting, asked_for
from scaling.command.output import print_json, print_table
from scaling.models.layer import Layer, Part
from scaling.models.network import layers_of
from scaling.profile.device import Device
from scaling.profile.devices import device_of
from scaling.profile.operation import Work
from scaling.profile.roofline import Prediction, predict
from scaling.quantity import count_text, duration_text
from scaling.study.memory import Memory, memory_of


def cost(words: Sequence[str], *, layers: bool, as_json: bool) -> None:
    """Print the costs of the networks that `words` ask for."""
    asked, setting = asked_for(words)
    device = device_of(setting.device) if setting.device else None
    if as_json:
        networks = [_json(each, setting, device, layers) for each in asked]
        print_json({"setting": asdict(setting), "networks": networks})
        return
    if layers:
        for each in asked:
            _print_layers(each, setting, device)
        return
    described = [_described(each, setting, device) for each in asked]
    if len(asked) == 1:
        print_table(asked[0].title, ("cost", ""), list(described[0].items()), _note(setting, device))
    else:
        rows = [(each.title, *row.values()) for each, row in zip(asked, described, strict=True)]
        print_table(f"{len(asked)} networks", ["network", *described[0]], rows, _note(setting, device))


def _described(asked: Asked, setting: Setting, device: Device | None) -> dict[str, str]:
    """The costs of a network as text, by their names in the table."""
    price, memory = asked.cost(setting), _memory(asked, setting, device)
    described = {
        "blocks": "-".join(str(stage.num_blocks) for stage in asked.network.stages),
        "layers": str(asked.network.num_layers),
        "params": count_text(price.params),
        "FLOPs": count_text(price.flops),
        "activations": count_text(price.activations),
        "train FLOPs": count_text(price.train_flops),
        "step memory": f"{memory.total / 1e9:.3g} GB",
        "of which activations": f"{memory.activations / 1e9:.3g} GB",
        "optimizer": f"{memory.optimizer / 1e9:.3g} GB",
    }
    if device:
        if memory.total > device.memory_bytes:
            described["step memory"] += f", more than its {device.memory_bytes / 1e9:.3g} GB"
        step = _predicted(asked, setting, device, "training")
        described["inference"] = f"{1e3 * _predicted(asked, setting, device, 'inference').seconds:.3g} ms"
        described["training step"] = f"{1e3 * step.seconds:.3g} ms"
        described["training"] = duration_text(step.seconds_per_image * setting.epochs * setting.num_train)
    return described


def _note(setting: Setting, device: Device | None) -> str:
    kind = f"batch {setting.batch_size}, {setting.precision}"
    note = (
        f"FLOPs are 2 x multiply-adds of one forward pass on one image; training is {setting.epochs} epochs "
        f"of {setting.num_train:,} images; the memory is that of a training step, {kind}, in 1e9 bytes."
    )
    if device:
        share = device.depthwise_efficiency
        slower = "" if share == 1 else f", depthwise convolutions at {share:.0%} of them"
        note += f"\nTimes are those of {device.title} at its peak rates{slower}; most work runs slower."
    return note


def _memory(asked: Asked, setting: Setting, device: Device | None) -> Memory:
    """Memory of a training step, in eager PyTorch or on a device that fuses operations."""
    return memory_of(asked.training_step(setting), fused=device is not None and device.fuses)


def _predicted(asked: Asked, setting: Setting, device: Device, work: Work) -> Prediction:
    return predict(asked.training_step(setting), device, work)


def _json(asked: Asked, setting: Setting, device: Device | None, layers: bool) -> dict[str, Any]:
    memory = _memory(asked, setting, device)
    value: dict[str, Any] = {
        "model": asked.model,
        "depth": asked.depth,
        "width": asked.width,
        "resolution": asked.resolution,
        "frames": asked.frames,
        "network": asdict(asked.network),
        **asdict(asked.cost(setting)),
        "memory_gb": memory.total / 1e9,
        "memory_bytes": {**asdict(memory), "total": memory.total},
    }
    if device:
        works: tuple[Work, ...] = ("inference", "training")
        value["predicted_ms"] = {
            work: 1e3 * _predicted(asked, setting, device, work).seconds for work in works
        }
    if layers:
        value["layers"] = _layers(asked, setting)
    return value


def _layers(asked: Asked, setting: Setting) -> list[dict[str, Any]]:
    layers = layers_of(asked.network, setting.in_channels, setting.num_classes)
    return [_layer_json(asked, part, layer) for part, layer in layers]


def _layer_json(asked: Asked, part: Part, layer: Layer) -> dict[str, Any]:
    """The shape of a layer, and the cost of all its repeats for one image."""
    positions = layer.at.positions(asked.resolution, asked.frames or 1)
    return {
        "name": f"{part.name}.{layer.name}",
        "kind": layer.kind,
        "repeats": part.repeats,
        "in_channels": layer.in_channels,
        "out_channels": layer.out_channels,
        "kernel": layer.kernel,
        "temporal_kernel": layer.temporal_kernel,
        "groups": layer.groups,
        "positions": positions,
        "params": part.repeats * layer.params,
        "flops": part.repeats * 2 * layer.weights * positions,
        "activations": part.repeats * layer.out_channels * positions if layer.weights else 0,
    }


def _print_layers(asked: Asked, setting: Setting, device: Device | None) -> None:
    layers = _layers(asked, setting)
    total = sum(layer["flops"] for layer in layers)
    head = ["layer", "x", "kernel", "channels", "positions", "params", "FLOPs", "share", "activations"]
    rows = [_layer_row(layer, total) for layer in layers]
    if device:
        head += ["step ms", "bound by"]
        for row, time in zip(rows, _predicted(asked, setting, device, "training").layers, strict=True):
            bound = "memory" if time.memory_seconds > time.arithmetic_seconds else "arithmetic"
            row += [f"{1e3 * time.seconds:.3g}", bound]
    print_table(asked.title, head, rows, _note(setting, device))


def _layer_row(layer: dict[str, Any], total: int) -> list[str]:
    side, time = layer["kernel"], layer["temporal_kernel"]
    kernel = f"{side}x{side}" if time == 1 else f"{time}x{side}x{side}"
    return [
        layer["name"],
        str(layer["repeats"]),
        kernel + (" depthwise" if layer["groups"] > 1 else ""),
        f"{layer['in_channels']} to {layer['out_channels']}",
        f"{layer['positions']:,}",
        count_text(layer["params"]),
        count_text(layer["flops"]),
        f"{layer['flops'] / total:.1%}",
        count_text(layer["activations"]),
    ]
