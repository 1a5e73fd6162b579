"""Whatever is typed as a service: sensible suggestions or none, never an error, and nothing lost."""

import pytest
from factories import MONDAY, Cast, a_request, case_of, typed
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.store import candidates, tokens
from request_tracker.store.aliases import Alias, KnowledgeChange
from request_tracker.store.requests import Request

HOMOGLYPH = "\u0392r\u0435vo"
"""Brevo with a Greek capital beta and a Cyrillic e."""
ODD: dict[str, dict[str, str]] = {
    "nothing": {},
    "spaces": {"service_name": " \t \u00a0 "},
    "cyrillic": {"service_name": "Битрикс24"},
    "chinese": {"service_name": "微信支付", "service_url": "https://pay.weixin.qq.com"},
    "arabic, right to left": {"service_name": "\u202eحسوب\u202c"},
    "emoji": {"service_name": "🚀🚀"},
    "emoji beside a name": {"service_name": "Brevo 💌"},
    "homoglyphs": {"service_name": HOMOGLYPH},
    "wide letters": {"service_name": "Ｂｒｅｖｏ"},
    "accents, composed apart": {"service_name": "Bre\u0301vo"},
    "ten thousand letters": {"service_name": "Brevo" * 2000},
    "ten thousand words": {"service_name": "a b " * 5000},
    "only an address": {"service_url": "https://www.brevo.com/de/"},
    "an address as the name": {"service_name": "https://www.brevo.com"},
    "only a name": {"service_name": "brevo"},
    "local": {"service_name": "x", "service_url": "http://localhost"},
    "an internal address": {"service_url": "http://10.0.0.7:8080/api", "api_docs_url": "http://[::1]/"},
    "punycode": {"service_name": "Bücher", "service_url": "https://xn--bcher-kva.example/"},
    "broken punycode": {"service_url": "https://xn--\u00fc\u00fc--.com"},
    "control letters": {"service_name": "Bre\x00vo\x1b[31m", "service_url": "https://bre\x00vo.com"},
    "half a surrogate": {"service_name": "Brevo\ud83d"},
    "no scheme": {"service_url": "brevo.com"},
    "another scheme": {"service_url": "javascript:alert(1)", "api_docs_url": "ftp://brevo.com"},
    "a broken address": {"service_url": "https://[not", "api_docs_url": "http://:99999"},
    "a sentence": {"service_name": "We would like to have the data of Brevo please"},
    "SQL": {"service_name": '\'; DROP TABLE "case"; --', "service_url": "https://x.com/%27%20OR%201=1"},
    "markup": {"service_name": "<script>alert(1)</script>"},
    "wildcards": {"service_name": "%_%", "service_url": "https://%"},
    "only signs": {"service_name": "---///***"},
    "only noise": {"service_name": "REST API v2 (OAuth)"},
}
FINDS = (
    "emoji beside a name", "homoglyphs", "wide letters", "accents, composed apart", "only an address",
    "an address as the name", "only a name", "half a surrogate", "no scheme", "control letters", "another scheme",
)  # fmt: skip
"""Those that mean Brevo, and should find it."""
EITHER = ("ten thousand letters", "a sentence")
"""Those in which the name of Brevo stands: finding it is no mistake, and not finding it neither."""


@pytest.fixture
def known(session: Session, cast: Cast, app: Flask) -> str:
    """A program with one case: Brevo. Answers its number."""
    session.add(Alias(canonical="Brevo", alias="Sendinblue", kind="rename", source="vendor, 2023", added_at=MONDAY))
    session.add(KnowledgeChange(subject="seed", act="seeded", at=MONDAY))
    where = {"service_url": "https://www.brevo.com", "api_docs_url": "https://developers.brevo.com/"}
    request = a_request(session, cast.cleo, service_name="Brevo", **where)
    case = case_of(session, request)
    session.flush()
    candidates.index_case(session, case, app.extensions["request_tracker"].known(session))
    session.commit()
    return case.number


def bearer(session: Session, cast: Cast) -> dict[str, str]:
    assert cast.ada.id is not None
    secret = tokens.issue(session, cast.ada.id, "all", MONDAY)
    session.commit()
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("what", ODD)
def test_suggestions_for_odd_entries(app: Flask, cast: Cast, session: Session, known: str, what: str) -> None:
    web = Browser(app)
    web.sign_in(cast.ada)
    headers = bearer(session, cast)
    said = {name: text.encode("utf-8", "replace").decode() for name, text in ODD[what].items()}
    page = web.client.get("/requests/suggestions", query_string=said)
    answer = web.client.get("/api/v1/suggestions", query_string=said, headers=headers)
    assert (page.status_code, answer.status_code) == (200, 200)
    found = [item["case"] for item in answer.json["items"] if "case" in item]
    assert (known in found) == ("Others already asked" in page.text)
    assert what in EITHER or (known in found) == (what in FINDS), answer.json
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("what", [what for what, said in ODD.items() if said.get("service_name", "").strip()])
def test_odd_names_are_stored_or_refused_in_words(
    app: Flask, cast: Cast, session: Session, known: str, what: str
) -> None:
    web = Browser(app)
    web.sign_in(cast.ada)
    body = typed(**ODD[what])
    answer = web.client.post("/api/v1/requests", json=body, headers=bearer(session, cast))
    assert answer.status_code in (201, 422), answer.text
    if answer.status_code == 422:
        assert all(error["message"] for error in answer.json["errors"])
        return
    session.expire_all()
    stored = session.scalars(select(Request).where(Request.person_id == cast.ada.id)).one()
    assert stored.number == answer.json["number"]
    web.get(f"/requests/{stored.number}")
