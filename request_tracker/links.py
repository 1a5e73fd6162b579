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


def trial_run(base_url: str, number: str, run_id: int) -> str:
    return _at(base_url, f"/cases/{quote(number)}/trials/{run_id}")


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


def clocks(base_url: str) -> str:
    return _at(base_url, "/admin/clocks")


def fivetran(base_url: str) -> str:
    return _at(base_url, "/admin/fivetran")


def hook(base_url: str, endpoint_id: int) -> str:
    """The admin's page of one endpoint of webhooks out."""
    return _at(base_url, f"/admin/hooks/{endpoint_id}")


def letter_settings(base_url: str) -> str:
    return _at(base_url, "/settings/letters")


def unsubscribe(base_url: str, token: str) -> str:
    return _at(base_url, f"/unsubscribe/{quote(token)}")


def report_file(base_url: str, week: str, kind: str) -> str:
    return _at(base_url, f"/reports/{quote(week)}.{kind}")


def shared_report(base_url: str, token: str) -> str:
    """The report on one week for whoever has the link."""
    return _at(base_url, f"/reports/shared/{quote(token)}")


def report_stop(base_url: str, token: str) -> str:
    """Ends the Monday links to an address that has no account."""
    return _at(base_url, f"/reports/stop/{quote(token)}")
