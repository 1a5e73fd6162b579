"""Ids as Fivetran makes them: two random words joined by an underscore."""

import re
import secrets

_FIRST = re.findall(
    r"\w+",
    """
    ample bold brisk calm civil clever crisp decent dusky eager early faint fair firm gentle glad golden
    grand hardy hasty honest humble jolly keen kind lively loyal mellow merry mighty modest neat noble
    odd patient plain polite proud quick quiet rapid ready rosy rough sober solid spare steady stout
    subtle sunny swift tame tidy tough vivid warm wise witty young
    """,
)
_SECOND = re.findall(
    r"\w+",
    """
    amber apple barn beam birch bridge brook candle cedar cliff cloud copper coral creek dawn drift
    ember fern field flint forest frost garden glade harbor heather hill ivory lake lantern leaf maple
    marsh meadow mist moon moss night oak ocean olive orchard pebble pine pond rain reed ridge river
    rock sand shell silver sky snow spring star stone storm stream thorn tide timber valley water willow
    wind winter wood
    """,
)
_LAST = re.findall(
    r"\w+",
    """
    bank bird corner fall field gate house land light line path place rise road side song view walk way
    work
    """,
)


def two_words() -> str:
    """About a hundred thousand different ones; the caller checks that it is free."""
    return f"{secrets.choice(_FIRST)}_{secrets.choice(_SECOND)}{secrets.choice(_LAST)}"
