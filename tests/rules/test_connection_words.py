"""What a requester reads of a starter connector: never the words in which Fivetran refused us something."""

import pytest

from request_tracker.rules.connection_words import TO_REQUESTERS, plain


@pytest.mark.parametrize("kind", ["api", "created", "sync"])
def test_a_refusal_is_ours_to_read(kind: str) -> None:
    assert kind in TO_REQUESTERS
    told = plain(kind, "refused", "Fivetran refused (403 Forbidden): the group of_somebody_else is full")
    assert "of_somebody_else" not in told
    assert "we look into it" in told
