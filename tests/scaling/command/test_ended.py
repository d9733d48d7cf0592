"""The end of a command: an exit code, and one sentence where its user can mend something."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scaling.command.ended import ended
from scaling.errors import Refused


def raising(error: BaseException) -> Callable[[], int]:
    def run() -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("run", "code", "sentence"),
    [
        (lambda: None, 0, ""),
        (lambda: 1, 1, ""),
        (raising(KeyboardInterrupt()), 130, ""),
        (raising(Refused("depth=:x: is [no] number.")), 2, "name: depth=:x: is [no] number.\n"),
        (raising(OSError(28, "No space left on device")), 2, "name: output: No space left on device.\n"),
        (raising(OSError(2, "No such file", "here")), 2, "name: here: No such file.\n"),
    ],
)
def test_it_has_a_code_and_at_most_a_sentence(
    run: Callable[[], int | None], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("name", ["depth=:x:"], run) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", sentence)


def test_debug_shows_where_it_was_raised() -> None:
    with pytest.raises(Refused, match="a reason"):
        ended("name", ["word", "--debug"], raising(Refused("a reason")))
