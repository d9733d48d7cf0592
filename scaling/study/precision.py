"""The precision of forward and backward passes; tf32 multiplies fp32 numbers cut to 10 bits of mantissa."""

from __future__ import annotations

from typing import Literal

Precision = Literal["fp32", "tf32", "bf16"]

BYTES: dict[Precision, int] = {"fp32": 4, "tf32": 4, "bf16": 2}
"""Bytes per activation."""
