"""A picture: a figure as files that are the same bytes every time, and as SVG inside a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO, StringIO

from matplotlib.figure import Figure

from analysis.plot import BLUE, FAINT, INK, PAPER, VERMILION, house_style

THEMED = {"blue": BLUE, "vermilion": VERMILION, "grey": FAINT}
"""Colours that a dark page may lighten, by the name of its variable."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    name: str
    """File name without an ending."""
    caption: str
    topic: str
    """The basis that it rests on, of `basis.bases`."""
    png: bytes
    svg: str

    def inline_svg(self) -> str:
        """The SVG for a page: no XML head, ink in the colour of the text around it, so that it suits dark
        pages."""
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
        body = re.sub(r' xmlns(:\w+)?="[^"]*"', "", body)
        body = re.sub(
            r'^<svg([^>]*?) width="[^"]*"', r"<svg\1", re.sub(r' height="[^"]*"', "", body, count=1)
        )
        for before in ('id="', 'xlink:href="#', "url(#"):
            body = body.replace(before, f"{before}{self.name}-")
        body = body.replace(INK, "currentColor").replace(PAPER, "var(--paper, white)")
        for name, color in THEMED.items():
            body = body.replace(color, f"var(--{name}, {color})")
        return body


def picture(figure: Figure, name: str, caption: str, topic: str = "") -> Picture:
    """Render a figure. No dates: the same figure gives the same bytes."""
    png, svg = BytesIO(), StringIO()
    with house_style():
        figure.savefig(png, format="png", dpi=200, facecolor="white", metadata={"Software": None})
        figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Picture(name=name, caption=caption, topic=topic, png=png.getvalue(), svg=svg.getvalue())
