"""Clock rows → WeeklyReport."""


class BadWeek(ValueError):
    """The text names no ISO week."""
