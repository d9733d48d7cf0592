"""Where and how a point runs. Nothing here changes its outcome, so nothing here is in its id."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from scaling import processor
from scaling.errors import Refused
from scaling.profile.devices import device_of
from scaling.study.precision import Precision

NAMES = ("cpu", "cuda", "tpu")
"""Devices that can be chosen."""


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Settings of the machine, not of the science."""

    device: str = "cpu"
    """`cpu`, `cuda`, or `tpu`: what XLA drives."""
    spec: str | None = None
    """A device of `python -m scaling devices` to plan for; None is the one at hand."""
    threads: int = 1
    """Threads a point computes with. On CPU, results are bit-identical for one number of threads only."""
    checkpoint_every_s: float = 30.0
    """Work lost when a point is killed, at most, in seconds."""
    compile: bool = False
    """Whether the network is compiled by torch.compile, which XLA's devices do without."""
    data_root: str | None = None
    """Where the images lie, for data sets that do not know by themselves."""
    start_study: str | None = None
    """Study that holds the points which others begin from, where it is another one."""
    keep_weights: bool = False
    """Whether all points keep their trained weights, not only those that others need."""

    def studies(self, own: Path) -> list[Path]:
        """Where the points may be that those of the study `own` need."""
        return [own] if self.start_study is None else [own, Path(self.start_study)]

    unlabelled_root: str | None = None
    """Where images without labels lie that are no part of the data set."""
    teacher_weights: str | None = None
    """The file of a teacher's weights, where it is no point of the study."""

    def __post_init__(self) -> None:
        check_name(self.device)
        if self.spec is not None:
            device_of(self.spec, option="device.spec")
            kind = "cpu" if self.spec == "cpu" else "tpu" if self.spec.startswith("tpu") else "cuda"
            if kind != self.device:
                raise Refused(f"device.spec={self.spec} is no {self.device}: add device={kind}.")
        if self.threads < 1:
            raise Refused(f"device.threads={self.threads} must be at least 1.")
        if self.compile and self.device == "tpu":
            raise Refused("device.compile=true: XLA compiles by itself, leave it out for device=tpu.")
        if self.checkpoint_every_s <= 0:
            raise Refused(f"device.checkpoint_every_s={self.checkpoint_every_s:g} must be positive.")


def check_arithmetic(device: str, precisions: Collection[Precision], spec: str | None = None) -> None:
    """Refused where no device of this name, or the one of this specification, computes so."""
    if "tf32" in precisions and device != "cuda":
        raise Refused(f"precision=tf32 is not done by device={device}, only by NVIDIA GPUs: use another.")
    if spec is None or device == "cpu":  # of which there are all kinds
        return
    if lacking := set(precisions) - set(device_of(spec).matrix_flops):
        raise Refused(
            f"precision={max(lacking)} is not in the hardware of device.spec={spec}: use precision=fp32."
        )


def check_processor(precisions: Collection[Precision]) -> None:
    """Refused where this machine's processor would emulate one of them; docs/devices.md has how slowly."""
    if "bf16" in precisions and processor.lacks_bf16():
        name = processor.name() or "this processor"
        raise Refused(
            f"precision=bf16 is not in the hardware of {name}, which would emulate it more slowly than fp32: "
            "use precision=fp32."
        )


def check_name(name: str) -> None:
    """Refused where there is no such device."""
    if name not in NAMES:
        raise Refused(f"device={name} is unknown: use {', '.join(NAMES[:-1])} or {NAMES[-1]}.")
