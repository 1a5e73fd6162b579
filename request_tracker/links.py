"""Addresses used outside a web request (letters, redirects handed to others); a test holds them to the routes."""

from urllib.parse import quote


def _at(base_url: str, path: str) -> str:
    return base_url.rstrip("/") + path


def request_page(base_url: str, number: str) -> str:
    return _at(base_url, f"/requests/{quote(number)}")


def withdrawal_page(base_url: str, number: str) -> str:
    return _at(base_url, f"/requests/{quote(number)}/withdrawal")


def case_page(base_url: str, number: str) -> str:
    return _at(base_url, f"/cases/{quote(number)}")


def connect(base_url: str, number: str) -> str:
    """Our own link to grant access: the Connect Card behind it is minted on the click."""
    return _at(base_url, f"/connect/{quote(number)}")


def connect_return(base_url: str, state: str) -> str:
    return _at(base_url, f"/connect/return/{quote(state)}")


def webhook(base_url: str) -> str:
    return _at(base_url, "/webhooks/fivetran")


def queue(base_url: str) -> str:
    return _at(base_url, "/queue")


def report(base_url: str, week: str) -> str:
    return _at(base_url, f"/reports?week={quote(week)}")
