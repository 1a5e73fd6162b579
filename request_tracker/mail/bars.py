"""Numbers as bars for a mail: plain tables with a background, since mail programs drop SVG and block pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH_PX = 220
_TABLE = Markup(
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse">{}</table>'
)
_ROW = Markup(
    '<tr><td style="padding:3px 12px 3px 0;white-space:nowrap">{}</td>'
    '<td width="{}" style="padding:3px 12px 3px 0">{}</td><td style="padding:3px 0">{}</td></tr>'
)
_PIECE = Markup(
    '<td width="{0}" height="14" bgcolor="{1}" '
    'style="width:{0}px;height:14px;background:{1};font-size:0;line-height:0">&nbsp;</td>'
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
    return _TABLE.format(Markup("").join(_ROW.format(bar.label, WIDTH_PX, _drawn(bar, most), bar.note) for bar in bars))


def _drawn(bar: Bar, most: float) -> Markup:
    """What is more than nothing is at least two pixels wide."""
    pieces = [(max(round(WIDTH_PX * value / most), 2), colour) for value, colour in bar.pieces if value]
    cells = Markup("").join(_PIECE.format(width, colour) for width, colour in pieces)
    return _TABLE.format(Markup("<tr>{}</tr>").format(cells)) if pieces else Markup("&nbsp;")
