"""Numbers as bars for a mail: plain tables with a background, since mail programs drop SVG and block pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH_PX = 180
_TABLE = Markup(
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse">{}</table>'
)
_ROW = Markup(
    '<tr class="bar-row">'
    '<td class="bar-label" style="padding:3px 10px 3px 0;white-space:nowrap;vertical-align:top">{}</td>'
    '<td class="bar" width="{}" style="padding:6px 10px 3px 0;vertical-align:top">{}</td>'
    '<td class="bar-note" style="padding:3px 0;vertical-align:top">{}</td></tr>'
)
"""The classes are for a letter's style element, which lays the parts of a row out anew on a narrow screen."""
_PIECE = Markup(
    '<td width="{0}%" height="14" bgcolor="{1}" '
    'style="width:{0}%;height:14px;background:{1};font-size:0;line-height:0">&nbsp;</td>'
)
_BAR = Markup(
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="{0}%" '
    'style="border-collapse:collapse;width:{0}%"><tr>{1}</tr></table>'
)


@dataclass(frozen=True)
class Bar:
    """A row: what it is about, its pieces (value, colour as #rrggbb) side by side, and the numbers in words."""

    label: str
    pieces: tuple[tuple[float, str], ...]
    note: str


def table(bars: Sequence[Bar]) -> Markup:
    """The rows as one HTML table, all to the scale of the longest; everything handed in is escaped."""
    most = max((sum(value for value, _ in bar.pieces) for bar in bars), default=0)
    rows = (_ROW.format(bar.label, WIDTH_PX, _drawn(bar, most), bar.note) for bar in bars)
    return _TABLE.format(Markup("").join(rows))


def _drawn(bar: Bar, most: float) -> Markup:
    """In hundredths of the cell, which a narrow screen may shrink; what is more than nothing can be seen."""
    whole = sum(value for value, _ in bar.pieces)
    if not whole:
        return Markup("&nbsp;")
    parts = [(max(round(100 * value / whole), 3), colour) for value, colour in bar.pieces if value]
    return _BAR.format(max(round(100 * whole / most), 2), Markup("").join(_PIECE.format(*part) for part in parts))
