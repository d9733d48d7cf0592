"""A picture: a figure as files that are byte for byte reproducible, and as SVG inside a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO, StringIO

from matplotlib.figure import Figure

from analysis.plot import BLUE, FAINT, INK, PAPER, VERMILION, house_style

THEMED = {"blue": BLUE, "vermilion": VERMILION, "grey": FAINT}
"""Colours that a dark page may lighten, by the name of their CSS variable."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    name: str
    """File name without a suffix."""
    caption: str
    topic: str
    """The topic of `basis.bases` on which it rests."""
    png: bytes
    svg: str

    def inline_svg(self) -> str:
        """The SVG for a page: without XML header, its ink in the colour of the surrounding text to suit dark
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
    """Render a figure without dates, so that the same figure gives the same bytes."""
    png, svg = BytesIO(), StringIO()
    with house_style():
        figure.savefig(png, format="png", dpi=200, facecolor="white", metadata={"Software": None})
        figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Picture(name=name, caption=caption, topic=topic, png=png.getvalue(), svg=svg.getvalue())
