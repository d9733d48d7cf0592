"""A form: a sum of products of powers of knobs, whose coefficients and exponents are fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from analysis.noise import Floats


class Power(NamedTuple):
    """A knob raised to sign * exponent."""

    knob: str
    exponent: str
    sign: int


@dataclass(frozen=True)
class Term:
    """A coefficient times powers of knobs; a floor if there are no powers."""

    coefficient: str
    powers: tuple[Power, ...] = ()


def term(coefficient: str, **powers: str) -> Term:
    """A term from text: `term("O", width="+p", epochs="-q")` is O width^p epochs^-q; equal names are one
    parameter."""
    return Term(
        coefficient,
        tuple(Power(knob, text[1:], {"+": 1, "-": -1}[text[0]]) for knob, text in powers.items()),
    )


@dataclass(frozen=True)
class Form:
    """error = a sum of terms, in which coefficients are positive and exponents are not negative.

    With theta = (log coefficients, exponents) and x = logarithms of the knobs relative to their centre, log
    error = logsumexp over terms k of (log c_k + sum of sign * exponent * x). Every term is linear in theta,
    so a single Jacobian, a mean with softmax weights, serves all forms.
    """

    name: str
    terms: tuple[Term, ...]
    odds: bool = False
    """Whether the sum is error / (1 - error / 100), in percent, instead of the error. Where errors are large,
    odds are closer to a power law than the error, which cannot exceed 100 %."""

    @cached_property
    def knobs(self) -> tuple[str, ...]:
        """The columns of a table that the form reads."""
        return tuple(dict.fromkeys(power.knob for term in self.terms for power in term.powers))

    @cached_property
    def coefficients(self) -> tuple[str, ...]:
        return tuple(term.coefficient for term in self.terms)

    @cached_property
    def exponents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(power.exponent for term in self.terms for power in term.powers))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Coefficients, whose logarithms are in theta, then exponents."""
        return self.coefficients + self.exponents

    @cached_property
    def links(self) -> tuple[tuple[int, int, int, int], ...]:
        """(term, index of the exponent in theta, index of the knob, sign) of every power."""
        return tuple(
            (k, self.parameters.index(power.exponent), self.knobs.index(power.knob), power.sign)
            for k, term in enumerate(self.terms)
            for power in term.powers
        )

    @property
    def formula(self) -> str:
        """The formula as text: `E + A depth^-a + B width^-b`."""
        return " + ".join(" ".join([each.coefficient, *map(_power_text, each.powers)]) for each in self.terms)

    def log_sum(self, log_error: Floats) -> Floats:
        """Logarithm of the sum for this logarithm of the error (percent)."""
        return np.asarray(log_error - np.log1p(-np.exp(log_error) / 100) if self.odds else log_error)

    def evaluate(self, theta: Floats, x: Floats) -> tuple[Floats, Floats]:
        """Log error [B, n] and the share of each term in the error [B, terms, n], for theta [B, p] at x [n,
        knobs]."""
        terms = np.repeat(theta[:, : len(self.terms), None], len(x), axis=2)
        columns = np.ascontiguousarray(x.T)
        for k, exponent, knob, sign in self.links:
            terms[:, k] += (sign * theta[:, exponent, None]) * columns[knob]
        top = terms.max(axis=1, keepdims=True)
        terms -= top
        np.exp(terms, out=terms)
        total = terms.sum(axis=1, keepdims=True)
        terms /= total
        log_error = (top + np.log(total))[:, 0]
        if self.odds:
            right = 1 / (1 + np.exp(log_error) / 100)
            log_error += np.log(right)
            terms *= right[:, None]
        return log_error, terms

    def jacobian(self, shares: Floats, x: Floats) -> Floats:
        """[B, p, n], derivatives of log error with respect to theta, from the shares of the terms."""
        columns = np.ascontiguousarray(x.T)
        slopes = np.zeros((len(shares), len(self.parameters), len(x)))
        slopes[:, : len(self.terms)] = shares
        for k, exponent, knob, sign in self.links:
            slopes[:, exponent] += shares[:, k] * (sign * columns[knob])
        return slopes


FLOOR = term("E")


def power_law(knob: str = "flops") -> Form:
    """E + A x^-a, in one knob."""
    return Form(f"power law in {knob}", (FLOOR, term("A", **{knob: "-a"})))


def additive(knobs: Sequence[str]) -> Form:
    """E + sum of A_i x_i^-a_i.

    In (params, train_images) this is Chinchilla's form (Hoffmann et al. 2022, arXiv 2203.15556, approach 3);
    in (width, depth, tokens) and (width, depth, params, tokens) it is that of Gemstones (McLeish et al. 2025,
    arXiv 2502.06857).
    """
    return Form(f"sum of {', '.join(knobs)}", (FLOOR, *_each(knobs)))


def product(knobs: Sequence[str]) -> Form:
    """E + A times the product of x_i^-a_i: each knob reduces the error above the floor by a factor."""
    powers = {knob: f"-a_{knob}" for knob in knobs}
    return Form(f"product of {', '.join(knobs)}", (FLOOR, term("A", **powers)))


def overfitting(knobs: Sequence[str]) -> Form:
    """`additive` plus a term that grows with the size of the network and shrinks with the epochs."""
    growing = term("O", depth="+o_depth", width="+o_width", epochs="-o_epochs")
    return Form(f"sum of {', '.join(knobs)} with overfitting", (FLOOR, *_each(knobs), growing))


def saturating(knobs: Sequence[str]) -> Form:
    """`additive` plus a term that grows with resolution and shrinks with the size of the network.

    A small network gains little from many pixels: the sum of the two resolution terms has its minimum at a
    resolution that is higher for larger networks.
    """
    growing = term("S", resolution="+s_resolution", depth="-s_depth", width="-s_width")
    return Form(f"sum of {', '.join(knobs)} with saturation", (FLOOR, *_each(knobs), growing))


def sovit(knobs: Sequence[str], compute: str = "train_flops") -> Form:
    """E + sum of A_i x_i^-a_i + (sum of B_i x_i^b_i + X) t^-c, where t is the compute of training.

    Equation 2 of Alabdulmohsin et al. 2023 (Getting ViT in Shape, arXiv 2305.13035), who fit one shape
    dimension at a time; here all dimensions are in one form.
    """
    shrinking = _each(knobs)
    growing = [term(f"B_{knob}", **{knob: f"+b_{knob}", compute: "-c"}) for knob in knobs]
    return Form(f"SoViT in {', '.join(knobs)}", (FLOOR, *shrinking, *growing, term("X", **{compute: "-c"})))


def _each(knobs: Sequence[str]) -> list[Term]:
    return [term(f"A_{knob}", **{knob: f"-a_{knob}"}) for knob in knobs]


def _power_text(power: Power) -> str:
    return f"{power.knob}^{'-' if power.sign < 0 else ''}{power.exponent}"
