"""What is said of somebody who has much to do, or is away."""

from datetime import date

from request_tracker.rules.time_words import USUAL, day_words


def day(when: date) -> str:
    """`28 Nov 2026`."""
    return day_words(when, USUAL.tag)


def load(count: int, most: int) -> str:
    """`1 live case`, `12 live cases`, `100 and more live cases`."""
    if count >= most:
        return f"{most} and more live cases"
    return "1 live case" if count == 1 else f"{count} live cases"


def away(last_day: date, stand_in: str) -> str:
    """`away until 28 Nov 2026, Rosa stands in`."""
    return f"away until {day(last_day)}" + (f", {stand_in} stands in" if stand_in else "")


def ask_again(name: str, last_day: date, stand_in: str) -> str:
    """What is asked before a case is given to somebody who is away."""
    instead = f"{stand_in} stands in for them" if stand_in else "nobody stands in for them"
    return f"{name} is away until {day(last_day)}, and {instead}: choose somebody else, or tick that you mean it"
