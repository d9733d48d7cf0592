"""A family: the models that laws recommend for a list of budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.family.buildable import Latency, latency_model
from analysis.family.recommend import Budget, Member, recommend
from analysis.law.average import Average, average
from analysis.law.choose import choose, largest_setting, law_rows, models_text
from analysis.noise import group_seeds
from analysis.noise_estimate import noise_of
from analysis.setting import Base, base_setting
from analysis.table import Table
from scaling.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Family:
    source: str
    laws: Average
    """The laws that predict the accuracies."""
    models: str
    """The models that the laws are fitted to, as text: how many, and out of how many."""
    best_single: str
    """The single form that, fitted to cheaper models only, predicted the more expensive ones best."""
    missed: float
    """RMSE of these predictions, in top-1 points."""
    members: tuple[Member, ...]
    """The models of the family, in the order of the budgets."""
    base: Base
    latency: Latency | None
    latency_of: str


def derive(
    table: Table, budgets: Sequence[Budget], *, epochs: int | None = None, model: str | None = None
) -> Family:
    """The family of a table, by an average of laws.

    `epochs` defaults to the most measured; `model` names a file of conf/model/ for a table that does not name
    its networks. Raises `Refused` where no law predicts more expensive models, and as `recommend` does.
    """
    if not budgets:
        raise Refused(
            "A family needs budgets: add --flops, --latency-ms or --memory-gb, such as --flops 1e9,4e9."
        )
    if not all(budget.value > 0 for budget in budgets) or (epochs is not None and epochs < 1):
        raise Refused("Budgets and epochs must be above zero, such as --flops 1e9,4e9 --epochs 350.")
    if table.usable.empty:
        raise Refused(f"{table.source} has no completed point: there is no law to recommend by.")
    groups = group_seeds(table.informative)
    noise = noise_of(table, groups)
    choice = choose(groups, noise, replicates=1)  # only its law's form and its RMSE are used
    if choice.law is None:
        raise Refused(f"{table.source} recommends no family: {choice.reason}")
    rows = largest_setting(groups)
    base = base_setting(table, str(rows["setting"].iloc[0]), model)
    laws = average(law_rows(groups), noise)
    members = recommend(laws, rows, base, budgets, epochs=epochs, missed=choice.chosen_rmse)
    return Family(
        source=table.source,
        laws=laws,
        models=models_text(len(rows)),
        best_single=choice.law.form.name,
        missed=choice.chosen_rmse,
        members=tuple(members),
        base=base,
        latency=latency_model(rows),
        latency_of=table.latency_of,
    )
