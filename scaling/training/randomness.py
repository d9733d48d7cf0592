"""Randomness as a pure function of (seed, when), so that a run can go on anywhere without stored state."""

from __future__ import annotations

import hashlib

import torch


def derived_seed(purpose: str, seed: int, index: int = 0) -> int:
    """63 bits for one `purpose` of a point with `seed`, at step or epoch `index`."""
    digest = hashlib.sha256(f"{purpose}/{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(purpose: str, seed: int, index: int = 0) -> torch.Generator:
    """A generator that starts from `derived_seed`; on the CPU, so that all devices are given the same."""
    return torch.Generator().manual_seed(derived_seed(purpose, seed, index))
