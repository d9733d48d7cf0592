"""XLA: the device that torch_xla drives here. The package is imported when first asked for; few have it."""

from __future__ import annotations

import torch

from scaling.errors import Refused


def use_xla() -> torch.device:
    """XLA's device; Refused where there is none."""
    try:
        import torch_xla

        device: torch.device = torch_xla.device()
    except ImportError as error:
        raise Refused(f"device=xla is not available: torch_xla cannot be imported ({error}).") from error
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0].split(". ")[0].rstrip(".")
        raise Refused(
            f"device=xla is not available: {reason}; PJRT_DEVICE=TPU or PJRT_DEVICE=CPU says what to run on."
        ) from error
    return device


def hardware() -> str:
    """What XLA's device is, such as `TPU v4`."""
    import torch_xla
    import torch_xla.core.xla_model as model

    return str(model.xla_device_kind(torch_xla.device()))


def finish() -> None:
    """Hand over what was recorded, compiled if it is new, and wait for it."""
    import torch_xla
    import torch_xla.core.xla_model as model

    torch_xla.sync()
    model.wait_device_ops()


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
