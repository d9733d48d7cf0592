"""The arithmetic of forward and backward passes."""

from __future__ import annotations

from typing import Literal

Precision = Literal["fp32", "bf16"]

BYTES: dict[Precision, int] = {"fp32": 4, "bf16": 2}
"""Bytes of an activation."""
