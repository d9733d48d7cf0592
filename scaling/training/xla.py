"""XLA: the devices that torch_xla drives. It is an optional dependency, so it is imported only on use.

Operations are recorded first; handing them over compiles them, unless the same program was compiled before.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from scaling.errors import Refused
from scaling.study.precision import Precision

if TYPE_CHECKING:
    from torch_xla.distributed.spmd import Mesh


def use_xla() -> torch.device:
    """The device of XLA, which stands for all devices if there are several; Refused if there is none."""
    try:
        import torch_xla

        _as_one()
        device: torch.device = torch_xla.device()
    except ImportError as error:
        raise Refused(f"device=tpu is not available: torch_xla cannot be imported ({error}).") from error
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0].split(". ")[0].rstrip(".")
        raise Refused(
            f"device=tpu is not available: {reason}; set PJRT_DEVICE to TPU or CPU to say what to run on."
        ) from error
    return device


@cache
def _as_one() -> Mesh | None:
    """A mesh of all devices in a row, programmed as one from now on (SPMD); None if there is one device."""
    import torch_xla.runtime as runtime
    from torch_xla.distributed import spmd

    num_devices = runtime.global_runtime_device_count()
    if num_devices == 1:
        return None
    runtime.use_spmd()
    return spmd.Mesh(range(num_devices), (num_devices,), ("data",))


def use_precision(precision: Precision) -> None:
    """Set the precision of matrix products: by default, a TPU computes fp32 products in one pass of bf16."""
    from torch_xla import backends

    wanted = "highest" if precision == "fp32" else "default"
    if backends.get_mat_mul_precision() != wanted:
        backends.set_mat_mul_precision(wanted)


def send(values: Tensor) -> Tensor:
    """Move `values` to the device; several devices share the first dimension if it divides evenly.

    Sharding does not change results: XLA makes the devices exchange the values that they need.
    """
    import torch_xla

    sent = values.to(torch_xla.device())
    mesh = _as_one()
    if mesh is not None and len(values) % mesh.size() == 0:
        from torch_xla.distributed import spmd

        spmd.mark_sharding(sent, mesh, ("data", *[None] * (values.ndim - 1)))
    return sent


def hand_over() -> None:
    """Start the computation of the recorded operations."""
    import torch_xla

    torch_xla.sync()


def finish() -> None:
    """Start the computation of the recorded operations and wait for it to finish."""
    import torch_xla.core.xla_model as model

    hand_over()
    model.wait_device_ops()


def hardware() -> str:
    """Name of the device, such as `TPU v4`; for several devices their number and type, such as `4 TPU`."""
    import torch_xla
    import torch_xla.core.xla_model as model

    mesh = _as_one()
    if mesh is not None:
        return f"{mesh.size()} {torch_xla.runtime.device_type()}"
    return str(model.xla_device_kind(torch_xla.device()))


def memory_bytes(kind: str) -> int | None:
    """Memory in bytes; `kind` is `bytes_used` or `peak_bytes_used`. None if the device does not report it."""
    import torch_xla
    import torch_xla.core.xla_model as model

    try:
        found = model.get_memory_info(torch_xla.device())
    except RuntimeError:
        return None
    value = found.get(kind)
    return int(value) if value else None
