"""The choice of a law: the form that, fitted to cheap models, predicts the more expensive ones best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.law.candidates import candidates, compute, varied_knobs
from analysis.law.fit import Effort, Fit, fit
from analysis.law.fitted import EFFICIENT, fit_law
from analysis.law.form import Form
from analysis.law.law import Law
from analysis.law.prior import usual
from analysis.noise import Floats, Noise, clipped
from analysis.table import AXES
from scaling.errors import Refused
from scaling.quantity import counted

CUTS = (0.5, 0.7, 0.9)
"""Shares of the models, cheapest first, to which a form is fitted before it predicts all more expensive
ones."""
MIN_MODELS = 16
MAX_MODELS = 300
"""Models used at most; of more models a subset is taken, evenly spaced in the order of compute."""
MIN_SPARE = 2
"""Minimum number of models beyond the number of parameters, in the smallest fit."""
SCALE = 0.01
"""Standard deviation of a residual of log error in validation: about that of seed noise."""
EFFORT = Effort(num_starts=2, num_steps=50)
"""That of a fit in validation, of which there are many."""
REPLICATES = 200
MIN_GAIN = 0.8
"""Share of the RMSE of the better constant that a law must stay below: where nothing matters, the best of
many forms predicts a little better than a constant by luck."""
CONSTANTS: dict[str, Callable[[Floats], float]] = {
    "mean error so far": lambda error: float(error.mean()),
    "lowest error so far": lambda error: float(error.min()),
}
"""Predictions of more expensive models without a law."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    law: Law | None
    """Fitted to all models; None where there is too little data or no form predicts well enough."""
    scores: pd.DataFrame
    """Columns form, num_parameters, rmse (points; predictions of more expensive models, mean over the cuts),
    n (number of predictions) and chosen; lowest rmse first. The constants of CONSTANTS are included."""
    reason: str
    """Why this law was chosen, or none, in one sentence."""

    @property
    def chosen_rmse(self) -> float:
        """RMSE of the predictions of more expensive models, in points; NaN without a law."""
        return float(self.scores.loc[self.scores["chosen"], "rmse"].mean())


def choose(groups: pd.DataFrame, noise: Noise, *, replicates: int = REPLICATES) -> Choice:
    """The law of a table, validated on the models of the largest compute, not on random ones.

    groups: one row per model, with the columns of `noise.group_seeds`; the law is about the setting with the
    most models. Each form is fitted to the cheapest 50, 70 and 90 % (a rolling origin, as in forecasting) and
    predicts the more expensive rest; the lowest RMSE, averaged over the three, wins. Never raises: `reason`
    says why there is no law.
    """
    block = largest_setting(groups)
    obstacle = _obstacle(block)
    if obstacle:
        return Choice(law=None, scores=_table([]), reason=f"No law is fitted: {obstacle}.")
    rows, by = law_rows(groups), compute(block)[0]
    forms = {form.name: form for form in candidates(rows)}
    scores = _table([*_constant_scores(rows), *filter(None, (_score(form, rows) for form in forms.values()))])
    where = f"of {models_text(len(block))}, fitted on the cheaper ones by {by}"
    constant = scores[scores["form"].isin(CONSTANTS)].iloc[0]
    for place, (name, rmse) in enumerate(zip(scores["form"], scores["rmse"], strict=True)):
        if name in CONSTANTS or rmse > MIN_GAIN * constant["rmse"]:
            break
        try:
            law = fit_law(forms[name], rows, noise, replicates=replicates)
        except Refused:
            continue
        scores["chosen"] = np.arange(len(scores)) == place
        return Choice(law=law, scores=scores, reason=_sentence(scores, place, where))
    return Choice(
        law=None,
        scores=scores,
        reason=f"No law is fitted: {where}, no form predicts the more expensive ones clearly better than the "
        f"{constant['form']} ({constant['rmse']:.2f} points).",
    )


def law_rows(groups: pd.DataFrame) -> pd.DataFrame:
    """The rows to which laws are fitted: models of the largest setting in order of compute, MAX_MODELS at
    most."""
    block = largest_setting(groups)
    order = np.lexsort([block[axis].to_numpy() for axis in AXES] + [compute(block)[1].to_numpy()])
    places = np.linspace(0, len(block) - 1, min(MAX_MODELS, len(block)))
    rows: pd.DataFrame = block.iloc[order[places.astype(int)]].reset_index(drop=True)
    return rows.assign(error=clipped(rows["error"].to_numpy(dtype=float)))


def largest_setting(groups: pd.DataFrame) -> pd.DataFrame:
    """The models that a law is about: those of the data set and setting with the most models."""
    sizes = groups.groupby(["data", "setting"])["epochs"].transform("size")
    first = groups[sizes == sizes.max()].iloc[0]
    mine: pd.DataFrame = groups[(groups["data"] == first["data"]) & (groups["setting"] == first["setting"])]
    return mine


def _obstacle(block: pd.DataFrame) -> str:
    """Why no law can be fitted; empty where one can."""
    if len(block) < MIN_MODELS:
        return f"the largest setting has {counted(len(block), 'model')}, a law needs {MIN_MODELS} or more"
    knobs = varied_knobs(block)
    if len(knobs) < 2:
        return f"only {knobs[0] if knobs else 'no axis'} varies, a law needs two axes or more"
    if block["error"].nunique() == 1:
        return f"the error is {block['error'].iloc[0]:g} % in every model"
    return ""


def models_text(num_models: int) -> str:
    """Text for the models to which laws are fitted: `300 models (of 720, evenly spaced in compute)`."""
    if num_models <= MAX_MODELS:
        return counted(num_models, "model")
    return f"{MAX_MODELS} models (of {num_models}, evenly spaced in compute)"


def _cuts(rows: pd.DataFrame) -> list[int]:
    return [round(share * len(rows)) for share in CUTS]


Scored = tuple[str, int, list[Floats]]
"""Name, number of parameters, and prediction errors for the more expensive models in points, at each cut."""


def _score(form: Form, rows: pd.DataFrame) -> Scored | None:
    """The score of a form; None where the rows before some cut cannot determine its parameters."""
    misses = []
    for cut in _cuts(rows):
        if cut < len(form.parameters) + MIN_SPARE:
            return None
        try:
            fitted = _quick_fit(form, rows[:cut])
        except Refused:
            return None
        predicted = np.minimum(np.exp(fitted.log_error(rows[cut:])), 100.0)
        misses.append(predicted - rows["error"][cut:].to_numpy(dtype=float))
    return form.name, len(form.parameters), misses


def _quick_fit(form: Form, rows: pd.DataFrame) -> Fit:
    """A fit with the loss and prior of `fit_law`, but one SCALE for all rows instead of their noise and lack
    of fit, and with few starts and steps."""
    return fit(
        form,
        rows,
        delta=EFFICIENT,
        scale=np.full(len(rows), SCALE),
        prior=usual(form, np.log(rows["error"].to_numpy(dtype=float))),
        effort=EFFORT,
    )


def _constant_scores(rows: pd.DataFrame) -> list[Scored]:
    error = rows["error"].to_numpy(dtype=float)
    return [
        (name, 1, [constant(error[:cut]) - error[cut:] for cut in _cuts(rows)])
        for name, constant in CONSTANTS.items()
    ]


def _table(scored: list[Scored]) -> pd.DataFrame:
    rows = [
        (
            name,
            num_parameters,
            float(np.mean([np.sqrt(np.mean(each**2)) for each in misses])),
            sum(len(each) for each in misses),
            False,
        )
        for name, num_parameters, misses in scored
    ]
    table = pd.DataFrame(rows, columns=["form", "num_parameters", "rmse", "n", "chosen"])
    return table.sort_values(["rmse", "num_parameters"], kind="stable", ignore_index=True)


def _sentence(scores: pd.DataFrame, place: int, where: str) -> str:
    chosen = scores.iloc[place]
    others = scores.drop(index=place)
    second = others.iloc[0]
    return (
        f"The chosen law is {chosen['form']}: {where}, it predicts the more expensive ones to within "
        f"{chosen['rmse']:.2f} points ({chosen['n']} predictions; the next best is {second['form']} "
        f"with {second['rmse']:.2f})."
    )
