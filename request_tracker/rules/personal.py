"""Guesses, by its name alone, whether a column holds personal data: shown as a suggestion, never acted on."""

import re

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("an email address", frozenset({"email", "mail", "emails"})),
    ("a phone number", frozenset({"phone", "mobile", "cell", "fax", "telephone", "tel", "msisdn"})),
    ("a date of birth", frozenset({"birth", "birthday", "birthdate", "dob"})),
    ("a postal address", frozenset({"address", "street", "postcode", "zip", "zipcode", "postal"})),
    ("a person's name", frozenset({"surname", "forename", "firstname", "lastname", "fullname", "nickname"})),
    ("an official number", frozenset({"ssn", "passport", "iban", "nin", "taxpayer", "licence", "license"})),
    ("a place on earth", frozenset({"latitude", "longitude"})),
    ("a network address", frozenset({"ip"})),
    ("something sensitive", frozenset({"gender", "sex", "religion", "nationality", "ethnicity", "salary", "health"})),
)
_NAMED = frozenset({"first", "last", "full", "middle", "given", "family", "maiden", "contact", "customer", "user"})
_PEOPLE = frozenset(
    {"contact", "customer", "user", "person", "people", "employee", "member", "lead", "patient", "guest", "subscriber"}
)
_ABOUT = frozenset({"id", "ids", "count", "verified", "at", "type", "status", "enabled", "sent", "opened", "is", "has"})
"""Words that say the column is about such data without holding it: `email_count`, `is_phone_verified`."""


def guess(table: str, column: str) -> str:
    """`an email address` and so on; empty where the name says nothing."""
    words = _words(column)
    if not words or (words[-1] in _ABOUT or words[0] in _ABOUT):
        return ""
    for kind, known in _KINDS:
        if known & set(words):
            return kind
    return "a person's name" if _is_a_name(table, words) else ""


def _is_a_name(table: str, words: list[str]) -> bool:
    if words == ["name"]:
        return any(word in _PEOPLE or word.removesuffix("s") in _PEOPLE for word in _words(table))
    return words[-1] == "name" and bool(_NAMED & set(words))


def _words(name: str) -> list[str]:
    """`customerEmail_2` → customer, email, 2."""
    return [word.lower() for word in _WORD.findall(name)]
