"""Randomness as a pure function of purpose, seed and step, so that a run resumes without stored state."""

from __future__ import annotations

import hashlib

import torch


def derived_seed(purpose: str, seed: int, index: int = 0) -> int:
    """A seed of 63 bits for one `purpose` of a point with `seed`, at step or epoch `index`."""
    digest = hashlib.sha256(f"{purpose}/{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(purpose: str, seed: int, index: int = 0) -> torch.Generator:
    """A generator seeded with `derived_seed`, on the CPU, so that all devices get the same numbers."""
    return torch.Generator().manual_seed(derived_seed(purpose, seed, index))
