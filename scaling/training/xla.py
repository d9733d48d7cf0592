"""XLA: the devices that torch_xla drives here. The package is imported when first asked for; few have it.

What is computed on it is recorded first, and is compiled where nothing like it was handed over before.
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
    """XLA's device, which stands for all of them where there are several; Refused where there is none."""
    try:
        import torch_xla

        _as_one()
        device: torch.device = torch_xla.device()
    except ImportError as error:
        raise Refused(f"device=tpu is not available: torch_xla cannot be imported ({error}).") from error
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0].split(". ")[0].rstrip(".")
        raise Refused(
            f"device=tpu is not available: {reason}; PJRT_DEVICE=TPU or PJRT_DEVICE=CPU says what to run on."
        ) from error
    return device


@cache
def _as_one() -> Mesh | None:
    """All devices in a row, from now on programmed as one (SPMD); None where there is one."""
    import torch_xla.runtime as runtime
    from torch_xla.distributed import spmd

    num_devices = runtime.global_runtime_device_count()
    if num_devices == 1:
        return None
    runtime.use_spmd()
    return spmd.Mesh(range(num_devices), (num_devices,), ("data",))


def use_precision(precision: Precision) -> None:
    """Of products: a TPU does those of fp32 numbers in bf16 unless it is told to take several passes."""
    from torch_xla import backends

    wanted = "highest" if precision == "fp32" else "default"
    if backends.get_mat_mul_precision() != wanted:
        backends.set_mat_mul_precision(wanted)


def send(values: Tensor) -> Tensor:
    """`values` on the device; several share the first dimension, where that comes out even.

    Programs mean the same wherever their values lie: XLA has the devices exchange what they need.
    """
    import torch_xla

    sent = values.to(torch_xla.device())
    mesh = _as_one()
    if mesh is not None and len(values) % mesh.size() == 0:
        from torch_xla.distributed import spmd

        spmd.mark_sharding(sent, mesh, ("data", *[None] * (values.ndim - 1)))
    return sent


def hand_over() -> None:
    """Let the device compute what was recorded."""
    import torch_xla

    torch_xla.sync()


def finish() -> None:
    """Hand over what was recorded and wait for it."""
    import torch_xla.core.xla_model as model

    hand_over()
    model.wait_device_ops()


def hardware() -> str:
    """What XLA's device is, such as `TPU v4`; of several only how many and what, such as `4 TPU`."""
    import torch_xla
    import torch_xla.core.xla_model as model

    mesh = _as_one()
    if mesh is not None:
        return f"{mesh.size()} {torch_xla.runtime.device_type()}"
    return str(model.xla_device_kind(torch_xla.device()))


def memory_bytes(kind: str) -> int | None:
    """`bytes_used` or `peak_bytes_used`; None where the device does not tell."""
    import torch_xla
    import torch_xla.core.xla_model as model

    try:
        found = model.get_memory_info(torch_xla.device())
    except RuntimeError:
        return None
    value = found.get(kind)
    return int(value) if value else None
