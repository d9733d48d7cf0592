"""The sheets of a law: how it was chosen, its parameters, and whether its fit can be trusted."""

from __future__ import annotations

from analysis.law.choose import Choice
from analysis.law.law import Law
from analysis.sheet import Sheet
from scaling.quantity import counted


def choice_sheet(choice: Choice) -> Sheet:
    """Every form that was tried, best first."""
    rows = [
        (
            row["form"] + (" (chosen)" if row["chosen"] else ""),
            f"{row['num_parameters']:g}",
            f"{row['rmse']:.2f}",
            f"{row['n']:g}",
        )
        for _, row in choice.scores.iterrows()
    ]
    head = ("form", "parameters", "RMSE (points)", "predictions")
    return Sheet("Laws: how well each predicts more expensive models", choice.reason, head, rows, topic="law")


def law_sheet(law: Law) -> Sheet:
    """The parameters of the chosen law with their intervals."""
    rows = []
    for _, row in law.parameters.iterrows():
        remark = "undecided" if row["name"] in law.undecided else ""
        if row["name"] in (*law.diagnostics.at_bound, *law.diagnostics.degenerate):
            remark = "at an end of its range"
        rows.append(
            (row["name"], f"{row['estimate']:.4g}", f"{row['low']:.4g}", f"{row['high']:.4g}", remark)
        )
    note = f"{law.form.formula}; coefficients in percent at the centre of the knobs. {_fit_text(law)}"
    head = ("parameter", "estimate", "low", "high", "remark")
    return Sheet(f"Law: {law.form.name}", note, head, rows, topic="law")


def _fit_text(law: Law) -> str:
    found = law.diagnostics
    left = f", {counted(len(law.outliers), 'model')} left out" if law.outliers else ""
    return (
        f"Fitted to {counted(found.num_rows, 'model')}{left}; {found.num_agreeing} of "
        f"{counted(found.num_starts, 'start')} end at the smallest objective, gradient norm "
        f"{found.gradient_norm:.1e}, condition number {found.condition:.2g}. Undecided: the "
        "models say little about it, so the estimate rests on the prior."
    )
