"""What a Connect Card asks for and which setup tests run, by the way the source lets Fivetran in."""

from dataclasses import dataclass

from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World

AUTHORISATION = "Authorisation"
"""The test that fails when nobody says which."""
_WRONG = "wrong"
_BY_CONSENT = frozenset(
    {"asana", "google_ads", "google_sheets", "hubspot", "intercom", "mailchimp", "salesforce", "shopify", "typeform"}
)
_DATABASES = frozenset({"mysql", "oracle", "postgres", "sql_server"})


@dataclass(frozen=True)
class Field:
    """A line of the card's form; secrets are typed unseen. Nothing that is typed is kept."""

    name: str
    label: str
    is_secret: bool = False


@dataclass(frozen=True)
class Flavour:
    """A way in: its name, the fields to fill in, and the setup tests as title and what is said when one fails."""

    name: str
    fields: tuple[Field, ...]
    tests: tuple[tuple[str, str], ...]


_HOST = ("Host", "The host name of the source could not be found")
_RIGHTS = ("Permissions", "The credentials are valid but may not read everything: the right to read objects is lacking")
_FLAVOURS = {
    "api_key": Flavour(
        "api_key",
        (Field("subdomain", "Subdomain or account"), Field("api_key", "API key", is_secret=True)),
        (_HOST, (AUTHORISATION, "The source refused the API key (401)"), _RIGHTS),
    ),
    "database": Flavour(
        "database",
        (
            Field("host", "Host"),
            Field("port", "Port"),
            Field("database", "Database"),
            Field("user", "User"),
            Field("password", "Password", is_secret=True),
        ),
        (
            _HOST,
            ("Connection", "The port does not answer: is Fivetran let through the firewall?"),
            (AUTHORISATION, "The database refused user and password"),
            _RIGHTS,
        ),
    ),
    "oauth2": Flavour(
        "oauth2", (), (_HOST, (AUTHORISATION, "Access was not allowed at the source (access_denied)"), _RIGHTS)
    ),
}


def flavour_of(here: World, connection: Doc) -> Flavour:
    """As the switch says; by service otherwise, where `config.auth` or `config.auth_type` may name OAuth."""
    wanted = here.switches.card_flavour
    return _FLAVOURS[_by_service(connection) if wanted == "by service" else wanted]


def outcomes(flavour: Flavour, failing: str) -> list[Doc]:
    """The setup tests: all passed, or those before the failing one passed and those after it skipped."""
    titles = [title for title, _ in flavour.tests]
    at = titles.index(failing) if failing in titles else len(titles)
    return [
        {"title": title, "status": _status(place, at), "message": said if place == at else ""}
        for place, (title, said) in enumerate(flavour.tests)
    ]


def is_wrong(flavour: Flavour, typed: dict[str, str]) -> bool:
    """Whoever types "wrong" into a field has the source refuse it."""
    return any(typed.get(one.name, "").strip().lower() == _WRONG for one in flavour.fields)


def _status(place: int, failing: int) -> str:
    if place == failing:
        return "FAILED"
    return "PASSED" if place < failing else "SKIPPED"


def _by_service(connection: Doc) -> str:
    config = connection.get("config") or {}
    said = str(config.get("auth_type") or config.get("auth") or "").lower()
    if "oauth" in said or connection["service"] in _BY_CONSENT:
        return "oauth2"
    return "database" if connection["service"] in _DATABASES else "api_key"
