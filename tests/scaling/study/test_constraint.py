"""Constraints: what keeps a point, what is said of one that is rejected, and what is no constraint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling.errors import Refused
from scaling.study.constraint import LONGEST, Constraint
from scaling.study.operation import Function

VALUES: Mapping[str, Any] = {
    "depth": 14,
    "width": 0.5,
    "flops": 4_600_000_000,
    "params": 12_000_000,
    "memory_gb": 93.1,
    "frames": None,
    "recipe.label_smoothing": 0.1,
    "recipe.flip": True,
    "model.stem": "deep",
}


def _fits(memory_gb: float, capacity: float | str = 40) -> bool:
    if capacity == "b200":
        raise Refused("device=b200 has no specification here: did you mean h200.")
    return memory_gb <= (80 if capacity == "a100" else float(capacity))


FUNCTIONS = {"fits": Function(call=_fits, takes=range(2), uses=("memory_gb",))}


def parse(text: object) -> Constraint:
    return Constraint.parse(text, list(VALUES), FUNCTIONS)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "flops < 5e9 and params < 80e6 and fits(100)",
        " flops < 5_000_000_000\n  and fits(100) ",
        "0.2 < width <= 1",
        "0.2 < width < 1 != depth > 3",
        "depth in (8, 14)",
        "depth in [7 * 2]",
        "depth not in {8, 20} and 3 not in (4,)",
        "1 < depth in (8, 14)",
        "recipe.label_smoothing * 2 == .2",
        "model.stem == 'deep' and model.stem != 'a & b = !c'",
        "recipe.flip and not false and true == recipe.flip and True",
        "frames != 8 and frames not in (8, 16)",
        "depth // 4 == 3 and depth % 4 == 2 and -depth == -14 and depth - 4 / 2 == 12",
        "depth ** 2 == 196 and 2 ** -1 == width and width ** 2 == .25",
        "min(depth, 8, 9) == 8 and max(depth, 8) == 14 and abs(-depth) == round(14.2)",
        "log2(8) == 3 and sqrt(16) == 4",
        "10 ** 300 < 1e301 and 2 ** 500 == 2 ** 499 * 2",
        "depth == 14 or 1 / 0 > 2",
    ],
)
def test_a_point_that_meets_it_is_kept(text: str) -> None:
    assert parse(text).reason(VALUES) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("flops < 2e9", "flops < 2e9 is false (flops=4.6e9)"),
        ("depth > 1 and flops < 2e9 and params < 1", "flops < 2e9 is false (flops=4.6e9)"),
        ("depth > 1 and (params < 1e6 and width > 1)", "params < 1e6 is false (params=1.2e7)"),
        ("params < 80e6 and fits(80)", "fits(80) is false (memory_gb=93.1)"),
        ("fits()", "fits() is false (memory_gb=93.1)"),
        ("fits('a100')", "fits('a100') is false (memory_gb=93.1)"),
        ("not fits(100)", "not fits(100) is false (memory_gb=93.1)"),
        ("0.6 < width <= 1", "0.6 < width <= 1 is false (width=0.5)"),
        ("depth not in (8, 14)", "depth not in (8, 14) is false (depth=14)"),
        ("width > depth or depth > 20", "width > depth or depth > 20 is false (width=0.5, depth=14)"),
        ("not recipe.flip", "not recipe.flip is false (recipe.flip=true)"),
        ("model.stem == 'plain'", "model.stem == 'plain' is false (model.stem='deep')"),
        (
            "recipe.label_smoothing < 1e-5",
            "recipe.label_smoothing < 1e-5 is false (recipe.label_smoothing=0.1)",
        ),
        ("1 > 2", "1 > 2 is false"),
    ],
)
def test_a_rejected_point_is_told_its_first_failure(text: str, reason: str) -> None:
    assert parse(text).reason(VALUES) == reason


def test_its_names_are_all_that_it_may_look_up() -> None:
    text = "fits(80) or recipe.label_smoothing < min(depth, 3)"
    assert parse(text).names == {"memory_gb", "recipe.label_smoothing", "depth"}


class Lazy(Mapping[str, Any]):
    """VALUES, with a note of each look-up."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> Any:
        self.asked.append(name)
        return VALUES[name]

    def __iter__(self) -> Iterator[str]:
        return iter(VALUES)

    def __len__(self) -> int:
        return len(VALUES)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("depth > 20 and flops < 2e9", ["depth"]),
        ("depth > 1 or flops < 2e9", ["depth"]),
        ("(depth > 20 and flops < 2e9) or width > 1", ["depth", "width"]),
        ("20 < depth < flops", ["depth"]),
        ("depth > 1 and depth < flops", ["depth", "flops"]),
    ],
)
def test_only_what_is_needed_is_looked_up_and_once(text: str, asked: list[str]) -> None:
    values = Lazy()
    reason = parse(text).reason(values)
    assert values.asked == asked
    assert reason is None or all(f"{name}=" in reason for name in asked)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (3, "where=3 is not a text: put it in two pairs of quotes, as in \"where='flops < 2e9'\"."),
        ([True], "where=[True] is not a text"),
        (" ", "where is empty: write a condition"),
        ("depth < 3" + " " * LONGEST, "where has 1009 characters: use at most 1000."),
        ("flop < 2e9", "where: flop is not a quantity: did you mean flops."),
        ("recipe.flop < 2", "where: recipe.flop is not a quantity: did you mean recipe.flip."),
        ("zzz < 2", "where: zzz is not a quantity: known are depth, width, flops, "),
        ("fits < 2", "where: fits is a function: write its arguments in parentheses, as in fits(80)."),
        ("ceil(2) < 2", "where: ceil is not a function: known are min, max, abs, round, log2, sqrt, fits."),
        ("__import__('os')", "where: __import__ is not a function: known are min"),
        ("sqrt() < 2", "where: sqrt() gives sqrt 0 arguments, but it takes 1."),
        ("fits(1, 2)", "where: fits(1, 2) gives fits 2 arguments, but it takes 0 to 1."),
        ("flops = 2e9", "where: write == rather than = in 'flops = 2e9'."),
        ("flops < 2e9 & fits(80)", "where: write and rather than & in 'flops < 2e9 & fits(80)'."),
        ("flops < 2 || fits(80)", "where: write or rather than || in "),
        ("!fits(80)", "where: write not rather than ! in '!fits(80)'."),
        ("flops < 2 AND depth < 2", "where: write small letters rather than AND in "),
        ("depth is not 2", "where: write != rather than is not in "),
        ("depth => 2", "where: write >= rather than => in "),
        ("2 ^ depth < 3", "where: write ** rather than ^ in "),
        ("flops < 1.7G", "where: write a number such as 2e9 rather than 1.7G in "),
        ("depth < 2 # small", "where: write no comment rather than # small in "),
        ("depth < < 2", "where: 'depth < < 2' cannot be read at '< 2': invalid syntax."),
        ("depth <", "where: 'depth <' cannot be read to its end: invalid syntax."),
        ("depth == '\\d'", "invalid escape sequence"),
        ("\udc80", "where: '\\udc80' has characters that are not text."),
        ("\0", "cannot be read"),
        ("8", "where: 8 is neither true nor false: write a comparison, as in flops < 2e9."),
        ("depth == 8 or 14", "where: 14 is neither true nor false"),
        ("not flops * 2", "where: flops * 2 is neither true nor false"),
        ("depth in (8)", "where: 8 is not a list: write a list after in, as in [8] or (8, 14)."),
        ("depth in ()", "where: () is not a list"),
        ("((" * 150 + "depth", "too many nested parentheses"),
        ("-" * 40 + "-" * 40 + "1 < 2", "where is nested more than 50 deep"),
        ("not " * 240 + "true", "where is nested more than 50 deep"),
        ("-" * 990 + "1 < 2", "where is nested more than 50 deep"),
    ],
)
def test_what_is_no_constraint_is_refused_in_a_sentence(text: object, sentence: str) -> None:
    said = refusal(lambda: parse(text))
    assert sentence in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "text",
    [
        "(depth := 8) < 9",
        "lambda: depth",
        "depth[0] < 2",
        "[each for each in depth] == 2",
        "f'{depth}' == '2'",
        "depth if true else 2",
        "'{}'.format(depth) == 'a'",
        "(8).real < 2",
        "__import__('os').system('true')",
        "fits(*depth)",
        "fits(**depth)",
        "1j == depth",
        "b'a' == depth",
        "None == depth",
        "... == depth",
        "(8, 14) == depth",
        "+depth < 2",
        "depth << 2 < 8",
        "depth @ 2 < 8",
    ],
)
def test_the_rest_of_python_is_more_than_it_can_say(text: str) -> None:
    said = refusal(lambda: parse(text))
    assert "is not allowed in a constraint: use quantities, numbers, texts, " in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("flops", "where: flops is neither true nor false and has to be compared (flops=4.6e9)."),
        (
            "max(depth, 3)",
            "where: max(depth, 3) is neither true nor false and has to be compared (depth=14).",
        ),
        ("2 / (width - .5) < 3", "where: 2 / (width - .5) divides by zero (width=0.5)."),
        ("depth % 0 < 3", "where: depth % 0 divides by zero (depth=14)."),
        ("log2(width - .5) < 3", "where: log2(width - .5) is not defined (width=0.5)."),
        ("(-depth) ** width < 3", "where: (-depth) ** width is not defined (depth=14, width=0.5)."),
        ("0 ** -1 < 3", "where: 0 ** -1 is not defined."),
        ("9 ** 9 ** depth < 3", "where: 9 ** 9 ** depth is too large a number (depth=14)."),
        ("model.stem == 3", "where: model.stem == 3 compares a text with a number (model.stem='deep')."),
        ("depth < '8'", "where: depth < '8' compares a number with a text (depth=14)."),
        ("depth in (8, '14')", "where: depth in (8, '14') compares a number with a text (depth=14)."),
        (
            "recipe.flip == 1",
            "where: recipe.flip == 1 compares true or false with a number (recipe.flip=true).",
        ),
        ("frames < 8", "where: frames < 8 compares nothing with a number (frames=None)."),
        ("'a' * 1_000_000_000 == 'b'", "where: 'a' * 1_000_000_000 needs numbers, not a text."),
        ("depth + (1 < 2) < 3", "where: depth + (1 < 2) needs numbers, not true or false (depth=14)."),
        ("sqrt(model.stem) < 3", "where: sqrt(model.stem) needs numbers, not a text (model.stem='deep')."),
        ("fits('b200')", "device=b200 has no specification here: did you mean h200."),
    ],
)
def test_what_has_no_answer_is_refused_with_its_values(text: str, sentence: str) -> None:
    assert refusal(lambda: parse(text).reason(VALUES)) == sentence


def _join(separators: list[str], parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(parts, st.sampled_from(separators), parts).map(lambda three: f"({' '.join(three)})")


LEAVES = st.sampled_from(["a", "b", "c", "0", "1", "2", "3", "7", "0.5", "2.5", "1e3"])
NUMBERS = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        _join(["+", "-", "*", "/", "//", "%"], parts),
        st.tuples(LEAVES, st.sampled_from("0123")).map(lambda two: f"{two[0]} ** {two[1]}"),
        parts.map(lambda part: f"-{part}"),
        parts.map(lambda part: f"abs({part})"),
        st.tuples(parts, parts).map(lambda two: f"max({two[0]}, min({two[1]}, 2))"),
    ),
    max_leaves=6,
)
TRUTHS = st.recursive(
    st.one_of(
        _join(["<", "<=", ">", ">=", "==", "!="], NUMBERS),
        st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda three: f"({three[0]} < {three[1]} <= {three[2]})"),
        st.tuples(NUMBERS, NUMBERS).map(lambda two: f"({two[0]} in (1, {two[1]}))"),
    ),
    lambda parts: st.one_of(_join(["and", "or"], parts), parts.map(lambda part: f"(not {part})")),
    max_leaves=6,
)
SMALL = st.one_of(st.integers(-5, 5), st.floats(-5, 5))


@given(TRUTHS, st.fixed_dictionaries({"a": SMALL, "b": SMALL, "c": SMALL}))
def test_it_says_what_python_says(text: str, values: dict[str, float]) -> None:
    constraint = Constraint.parse(text, ["a", "b", "c"])
    try:
        expected = eval(text, {}, values)
    except ArithmeticError:
        assert refusal(lambda: constraint.reason(values))
    else:
        assert (constraint.reason(values) is None) == expected


WORDS = (
    "depth width fits max recipe . flip 'a' 2 0 1e9 ( ) [ ] , and or not in is if < == = ** / % - : := lambda"
)
TOKENS = st.lists(st.sampled_from(WORDS.split()), max_size=30).map(" ".join)


@given(st.one_of(st.text(), st.text("('\"\\\n#{}&9e_", max_size=20), TOKENS, TRUTHS))
def test_any_text_is_a_constraint_or_refused(text: str) -> None:
    with suppress(Refused):
        assert parse(text).reason(VALUES) != ""
