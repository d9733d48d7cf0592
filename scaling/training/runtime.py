"""The runtime of a point: where and how it runs. This does not affect its outcome, so it is not in its id."""

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
    """Settings of the machine, which do not affect outcomes."""

    device: str = "cpu"
    """`cpu`, `cuda`, or `tpu` for all devices of XLA."""
    spec: str | None = None
    """A device of `python -m scaling devices` to plan for; None for the one at hand."""
    threads: int = 1
    """Threads per point. On a CPU, results are bit-identical only for the same number of threads."""
    checkpoint_every_s: float = 30.0
    """Seconds between checkpoints, the most work that is lost when a point is killed."""
    compile: bool = False
    """Whether to compile the network by torch.compile, which XLA does not need."""
    data_root: str | None = None
    """Directory of the images, for data sets without a default one."""
    start_study: str | None = None
    """Another study, with points that the points of this study begin from."""
    keep_weights: bool = False
    """Whether all points keep their trained weights, not only those that others need."""

    def studies(self, own: Path) -> list[Path]:
        """The studies in which to look for points that the points of the study `own` need."""
        return [own] if self.start_study is None else [own, Path(self.start_study)]

    unlabelled_root: str | None = None
    """Directory of unlabelled images outside of the data set."""
    teacher_weights: str | None = None
    """File with the weights of a teacher that is not a point of the study."""

    def __post_init__(self) -> None:
        check_name(self.device)
        if self.spec is not None:
            device_of(self.spec, option="device.spec")
            kind = "cpu" if self.spec == "cpu" else "tpu" if self.spec.startswith("tpu") else "cuda"
            if kind != self.device:
                raise Refused(f"device.spec={self.spec} is not a {self.device}: add device={kind}.")
        if self.threads < 1:
            raise Refused(f"device.threads={self.threads} must be at least 1.")
        if self.compile and self.device == "tpu":
            raise Refused("device.compile=true: XLA compiles by itself, so leave it out for device=tpu.")
        if self.checkpoint_every_s <= 0:
            raise Refused(f"device.checkpoint_every_s={self.checkpoint_every_s:g} must be positive.")


def check_arithmetic(device: str, precisions: Collection[Precision], spec: str | None = None) -> None:
    """Refuse precisions that no device of this name supports, or not the one of this specification."""
    if "tf32" in precisions and device != "cuda":
        raise Refused(
            f"precision=tf32 is not supported by device={device}, only by NVIDIA GPUs: use another."
        )
    if spec is None or device == "cpu":  # CPUs differ too much for one specification
        return
    if lacking := set(precisions) - set(device_of(spec).matrix_flops):
        raise Refused(f"precision={max(lacking)} is not supported by device.spec={spec}: use precision=fp32.")


def check_processor(precisions: Collection[Precision]) -> None:
    """Refuse precisions that this machine's processor would emulate; docs/devices.md says how slowly."""
    if "bf16" in precisions and processor.lacks_bf16():
        name = processor.name() or "this processor"
        raise Refused(
            f"precision=bf16 is not supported by {name}, which would emulate it more slowly than fp32: "
            "use precision=fp32."
        )


def check_name(name: str) -> None:
    """Refuse an unknown device."""
    if name not in NAMES:
        raise Refused(f"device={name} is unknown: use {', '.join(NAMES[:-1])} or {NAMES[-1]}.")
