"""Words of a command: `depth=14,26 width=0.5` as wanted values by knob."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from control.knobs import Knobs, text
from control.looks import Now, Word
from control.point import Seen
from scaling.errors import Refused
from scaling.study.result import Failure
from scaling.study.spelling import nearest

Values = Mapping[str, tuple[str, ...]]

STATES: tuple[str, ...] = get_args(Word)
FAILURES: tuple[str, ...] = get_args(Failure)


def parse(words: Sequence[str]) -> Values:
    """Wanted values by knob; a comma separates values, and also knobs where an equals sign follows."""
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for piece in (piece for word in words for piece in word.split(",")):
        key, equals, value = piece.partition("=")
        name = key if equals else name
        if not name:
            raise Refused(f"{piece} is not a filter: write a knob and its values, such as depth=14,26.")
        found[name] = (*found.get(name, ()), value if equals else piece)
    return found


def checked(words: Sequence[str], knobs: Knobs) -> Values:
    """Parse the words; Refused for a knob or a value that no point of the study has."""
    values = parse(words)
    for name, wanted in values.items():
        if name not in knobs.values:
            raise Refused(f"{name} is not a knob of this study: {nearest(name, list(knobs.values))}.")
        known = knobs.values[name]
        for each in wanted:
            if not any(is_same(each, value) for value in known):
                listed = ", ".join(text(value) for value in known)
                raise Refused(f"No point has {name}={each}: there are {name}={listed}.")
    return values


def is_same(typed: str, value: object) -> bool:
    """Whether a typed word means this value; numbers are compared as numbers, so that 0.50 is 0.5."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(typed) == float(value)
        except ValueError:
            return False
    return typed == text(value)  # type: ignore[arg-type]


def has(point: Seen, values: Values, knobs: Knobs) -> bool:
    """Whether a point has, for each knob, one of the wanted values."""
    return all(
        any(is_same(each, knobs.of(point, name)) for each in wanted) for name, wanted in values.items()
    )


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Selects points by state, failure class and knobs; an empty field selects all."""

    states: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Knobs with their values, as typed, such as depth=14,26."""

    def __post_init__(self) -> None:
        _check("--state", self.states, STATES)
        _check("--failure", self.failures, FAILURES)
        parse(self.words)

    def apply(self, points: Sequence[Now], knobs: Knobs) -> list[Now]:
        """The points that pass; Refused for a knob or a value that no point has."""
        values = checked(self.words, knobs) if points else {}
        return [now for now in points if self._wants(now) and has(now.point, values, knobs)]

    def _wants(self, now: Now) -> bool:
        is_state = not self.states or now.word in self.states or now.status in self.states
        return is_state and (not self.failures or now.failure in self.failures)

    def __bool__(self) -> bool:
        return bool(self.states or self.failures or self.words)

    def __str__(self) -> str:
        return " ".join([*(f"state={each}" for each in (*self.states, *self.failures)), *self.words])


def listed(typed: Sequence[str] | None) -> tuple[str, ...]:
    """Values of an option that may be repeated or hold commas, as one list."""
    return tuple(each for part in typed or () for each in part.split(",") if each)


def _check(option: str, values: Sequence[str], known: Sequence[str]) -> None:
    for each in values:
        if each not in known:
            raise Refused(f"{option} {each} is not known: {nearest(each, known)}.")
