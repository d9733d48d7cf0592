"""Numbers, durations and lists as text for people."""

from __future__ import annotations

from collections.abc import Sequence

PREFIXES = (
    (1e24, "Y"),
    (1e21, "Z"),
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
)


def count_text(value: float) -> str:
    """A large count with three digits and a prefix: 1700000000 -> `1.7G`."""
    for factor, prefix in PREFIXES:
        if abs(value) >= 0.9995 * factor:
            return f"{value / factor:.3g}{prefix}"
    return f"{value:.3g}"


def duration_text(seconds: float) -> str:
    """A duration in the largest unit that fits: 150 -> `2.5 min`."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def clock_text(seconds: float) -> str:
    """A duration as on a clock: 40 -> `40 s`, 12000 -> `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence, such as `128, 160 and 224`; empty for no words."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(count: float, noun: str) -> str:
    """A count with its noun: `1 point`, `2 points`."""
    return f"{count:g} {noun}{'' if count == 1 else 's'}"
