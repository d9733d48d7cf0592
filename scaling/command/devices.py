"""`python -m scaling devices`: the table of devices, with the source of every number."""

from __future__ import annotations

from dataclasses import asdict

from scaling.command.output import print_json, print_table
from scaling.profile.device import Device
from scaling.profile.devices import DEVICES


def devices(*, as_json: bool) -> None:
    """Print the numbers that predicted times are based on."""
    if as_json:
        print_json({name: asdict(device) for name, device in DEVICES.items()})
        return
    head = (
        "device",
        "what",
        "fp32 TFLOP/s",
        "tf32 TFLOP/s",
        "bf16 TFLOP/s",
        "vector TFLOP/s",
        "GB/s",
        "GB",
        "tile",
        "depthwise",
        "sources",
    )
    print_table(
        "Devices at their specified peak rates",
        head,
        [_row(name, device) for name, device in DEVICES.items()],
        "Depthwise is the share of the roofline that depthwise convolutions attain; 100% if not calibrated.",
    )


def _row(name: str, device: Device) -> tuple[str, ...]:
    def tera(rate: float | None) -> str:
        return "-" if rate is None else f"{rate / 1e12:.3g}"

    return (
        name,
        device.title,
        tera(device.matrix_flops.get("fp32")),
        tera(device.matrix_flops.get("tf32")),
        tera(device.matrix_flops.get("bf16")),
        tera(device.vector_flops),
        f"{device.bandwidth / 1e9:.4g}",
        f"{device.memory_bytes / 1e9:.3g}",
        str(device.tile),
        f"{device.depthwise_efficiency:.0%}",
        "; ".join(device.sources),
    )
