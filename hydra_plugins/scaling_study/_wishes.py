"""Checked settings besides the grid: the match, the limits, what to stop, reuse and show."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, get_args

from launchers.request import Adaptive, Show
from scaling.errors import Refused
from scaling.study.limits import Limits
from scaling.study.match import Match, MatchedCost
from scaling.study.spelling import nearest
from scaling.study.stopping import Stopping
from scaling.study.strict import LARGEST_COST, number, strict
from scaling.training.regularization import GOVERNED

MATCH_OPTIONS = (*get_args(MatchedCost), "solve", "tolerance")


def match_of(values: Any, named: Collection[str]) -> Match | None:
    """The match of the config, if any; `named` are the settings that have been given values."""
    if values is None:
        return None
    for key in values if isinstance(values, dict) else [values]:
        if key not in MATCH_OPTIONS:
            raise Refused(f"match.{key} is not an option: {nearest(str(key), MATCH_OPTIONS)}.")
    budgets = {cost: values[cost] for cost in get_args(MatchedCost) if values.get(cost) is not None}
    if not budgets and values.get("solve") is None:
        return None
    if len(budgets) != 1 or values.get("solve") is None:
        raise Refused(
            "match needs budgets of one cost and the axis to solve, such as match.flops=[1e9,2e9] "
            "match.solve=width."
        )
    if values["solve"] in named:
        raise Refused(f"match.solve={values['solve']}: a solved axis cannot be given values too.")
    ((cost, each),) = budgets.items()
    listed = each if isinstance(each, list) else [each]
    return Match(
        cost=cost,
        budgets=tuple(number(f"match.{cost}", budget, at_most=LARGEST_COST) for budget in listed),
        solve=values["solve"],
        tolerance=number("match.tolerance", values.get("tolerance", Match.tolerance)),
    )


def check_pseudo(values: Any, named: Collection[str]) -> None:
    """Raise Refused if `pseudo` is not a section, or if its settings are used without a teacher."""
    if values is not None and not isinstance(values, dict):
        raise Refused(
            f"pseudo={values} should be null; its options are set one by one, as in pseudo.ratio=1."
        )
    asked = sorted(name for name in named if name.startswith("pseudo."))
    if asked and "pseudo.teacher" not in named and (values or {}).get("teacher") is None:
        raise Refused(
            f"{asked[0]} needs a teacher: add pseudo.teacher={{…}}, its differences from its students."
        )


def limits_of(values: Any) -> Limits:
    """The limits of the config; the number of points may be written as a float, such as 1e3."""
    if values is None:
        return Limits()
    if not isinstance(values, dict):
        raise Refused(f"limit={values} should be one of {', '.join(each.name for each in fields(Limits))}.")
    points = values.get("points")
    if isinstance(points, float) and points.is_integer():
        values = {**values, "points": int(points)}
    return strict(Limits, values, "limit")


def adaptive_of(study: Mapping[str, Any]) -> Adaptive | None:
    """The options of the adaptive loop; None if the config does not ask for it."""
    wanted = {"budget": study["budget"], "smallest": study["smallest"]}
    if not yes_or_no("study.adaptive", study["adaptive"]):
        for name, value in wanted.items():
            if value:
                raise Refused(
                    f"study.{name}={value} needs study.adaptive=true, which chooses what to train: add that, "
                    "or use limit.train_flops."
                )
        return None
    found = {
        name: number(f"study.{name}", value, at_most=LARGEST_COST)
        for name, value in wanted.items()
        if value is not None
    }
    if found.get("budget", 1.0) <= 0:
        raise Refused(
            f"study.budget={found['budget']:g} should be above 0, in train FLOPs, or null for no limit."
        )
    if not 0 <= found.get("smallest", 0.0) < 100:
        raise Refused(f"study.smallest={found['smallest']:g} should be a number of points, 0 or more.")
    return Adaptive(**found)


def ids_of(value: Any) -> tuple[str, ...]:
    """Ids of points, or their beginnings; empty for null."""
    return _texts(
        value, f"only={value} should be ids of points in quotes of their own, as in \"only=['1a2b3c4d']\"."
    )


def patterns_of(value: Any) -> tuple[str, ...]:
    """Directories of studies, or patterns of their names; empty for null."""
    return _texts(value, f"reuse={value} should be study directories, such as results/*.")


def _texts(value: Any, refusal: str) -> tuple[str, ...]:
    """A text or a list of texts; raises Refused for anything else."""
    listed = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) and each for each in listed):
        raise Refused(refusal)
    return tuple(listed)


def stopping_of(values: Any) -> Stopping:
    """The options for early stopping."""
    if not isinstance(values, dict):
        raise Refused(f"stop={values} should be one of its settings, such as stop.dominated=true.")
    return strict(Stopping, values, "stop")


def show_of(value: Any) -> Show:
    shown: dict[Any, Show] = {False: "launch", True: "table", "json": "json", "csv": "csv"}
    if not isinstance(value, bool | str) or value not in shown:
        raise Refused(f"plan={value} should be true, false, json or csv.")
    return shown[value]


def yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{name}={value} should be true or false.")
    return value


def check_governed(policy: str, names: Collection[str]) -> None:
    """Raise Refused if the line sets a value that the regularisation policy determines."""
    for name in GOVERNED if policy == "by_scale" else ():
        if f"recipe.{name}" in names:
            raise Refused(
                f"recipe.{name} is set by regularization=by_scale: leave it out, or add regularization=given."
            )
