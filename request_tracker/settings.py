"""One frozen Settings, read once from the environment; `web` and `worker` refuse to start on unsafe ones."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from request_tracker.rules.limits import PLANS
from request_tracker.rules.program import Program

MEGABYTE = 1024 * 1024
MAILBOX = "mailbox:"


class Unsafe(ValueError):
    """The settings would not be safe to run with; `faults` says what to change, a sentence each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Settings:
    """Secrets are kept out of repr, so that no log line can carry them."""

    database_url: str = field(default="sqlite:///request_tracker.sqlite3", repr=False)
    secret_key: str = field(default="", repr=False)
    base_url: str = "http://127.0.0.1:8000"
    smtp_url: str = field(default=MAILBOX, repr=False)
    mail_from: str = "By Request <by-request@localhost>"
    bounce_address: str = ""
    """Envelope sender; letters that come back go to `name+<letter>@host`. Empty: the address of mail_from."""
    fivetran_url: str = "https://api.fivetran.com"
    fivetran_key: str = field(default="", repr=False)
    fivetran_secret: str = field(default="", repr=False)
    fivetran_plan: str = "paid"
    """Whose published rate limits hold: "paid" (also the free plan) or "trial"."""
    webhook_secret: str = field(default="", repr=False)
    max_body: int = 10 * MEGABYTE
    demo: bool = False
    may_call_this_machine: bool = False
    """Whether addresses that people type may lead to this machine: in the demo alone."""
    trial_env: str = ""
    """Where the environment of trial syncs lies. Empty: beside ours."""
    program: Program = field(default_factory=Program)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secret our webhook is given, then those still believed while it is being changed."""
        return tuple(each.strip() for each in self.webhook_secret.split(",") if each.strip())


def read(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables; an unreadable one raises Unsafe with what to do."""
    plain = Settings()
    base_url = environment.get("REQUEST_TRACKER_BASE_URL", plain.base_url).rstrip("/")
    return Settings(
        database_url=environment.get("REQUEST_TRACKER_DATABASE_URL", plain.database_url),
        secret_key=environment.get("REQUEST_TRACKER_SECRET_KEY", ""),
        base_url=base_url,
        smtp_url=environment.get("REQUEST_TRACKER_SMTP_URL", plain.smtp_url),
        mail_from=environment.get("REQUEST_TRACKER_MAIL_FROM", plain.mail_from),
        bounce_address=environment.get("REQUEST_TRACKER_BOUNCE_ADDRESS", ""),
        fivetran_url=environment.get("FIVETRAN_API_URL", plain.fivetran_url).rstrip("/").removesuffix("/v1"),
        fivetran_key=environment.get("FIVETRAN_API_KEY", ""),
        fivetran_secret=environment.get("FIVETRAN_API_SECRET", ""),
        fivetran_plan=_plan(environment.get("REQUEST_TRACKER_FIVETRAN_PLAN") or plain.fivetran_plan),
        webhook_secret=environment.get("FIVETRAN_WEBHOOK_SECRET", ""),
        demo=environment.get("REQUEST_TRACKER_DEMO") == "1",
        may_call_this_machine=environment.get("REQUEST_TRACKER_DEMO") == "1",
        trial_env=environment.get("REQUEST_TRACKER_TRIAL_ENV", ""),
        program=_program(environment, base_url),
    )


def trial_environment(settings: Settings) -> dict[str, str]:
    """All that the process of one trial run finds in its environment: where rows and SDK lie. No key of ours."""
    return {
        "REQUEST_TRACKER_DATABASE_URL": settings.database_url,
        "REQUEST_TRACKER_TRIAL_ENV": settings.trial_env,
        "REQUEST_TRACKER_DEMO": "1" if settings.may_call_this_machine else "",
        "LANG": "C.UTF-8",
    }


def _plan(named: str) -> str:
    if named not in PLANS:
        raise Unsafe((f"REQUEST_TRACKER_FIVETRAN_PLAN must be one of: {', '.join(sorted(PLANS))}",))
    return named


def _program(environment: Mapping[str, str], base_url: str) -> Program:
    zone = environment.get("REQUEST_TRACKER_TIMEZONE", "UTC")
    try:
        ZoneInfo(zone)
        undo = float(environment.get("REQUEST_TRACKER_UNDO_SECONDS", "600"))
        check = timedelta(seconds=float(environment.get("REQUEST_TRACKER_CHECK_SECONDS", "300")))
        settle = timedelta(seconds=float(environment.get("REQUEST_TRACKER_SETTLE_SECONDS", "120")))
    except (ValueError, LookupError, OSError) as fault:
        names = "REQUEST_TRACKER_TIMEZONE, REQUEST_TRACKER_UNDO_SECONDS or REQUEST_TRACKER_CHECK_SECONDS"
        raise Unsafe((f"{names} cannot be read: {fault}",)) from fault
    if not 0 <= undo <= 86_400:
        raise Unsafe(("REQUEST_TRACKER_UNDO_SECONDS must lie between 0 and 86400",))
    in_demo = environment.get("REQUEST_TRACKER_DEMO") == "1"
    by_itself = environment.get("REQUEST_TRACKER_READS_DOCUMENTS") or ("0" if in_demo else "1")
    return Program(
        zone=zone,
        undo_for=timedelta(seconds=undo),
        base_url=base_url,
        check_every=check,
        settle_for=settle,
        reads_documents=by_itself == "1",
    )


def faults(settings: Settings) -> tuple[str, ...]:
    """What makes these settings unsafe to serve with; empty when they are fine."""
    found = []
    if len(settings.secret_key) < 32:
        found.append("Set REQUEST_TRACKER_SECRET_KEY to at least 32 random characters")
    if not is_loopback(settings.base_url) and not settings.base_url.startswith("https://"):
        found.append("REQUEST_TRACKER_BASE_URL must start with https:// unless it is on this machine")
    if not is_loopback(settings.fivetran_url) and not settings.fivetran_url.startswith("https://"):
        found.append("FIVETRAN_API_URL must start with https:// unless it is on this machine")
    if "@" in urlsplit(settings.fivetran_url).netloc:
        found.append("Take what stands before the @ out of FIVETRAN_API_URL: staff can read that address")
    if settings.demo and not is_loopback(settings.base_url):
        found.append("Unset REQUEST_TRACKER_DEMO: the demo shows every letter to anyone and stays on this machine")
    if not settings.webhook_secrets:
        found.append("Set FIVETRAN_WEBHOOK_SECRET: without it no webhook can be believed")
    return tuple(found)


def safe(settings: Settings) -> Settings:
    """The same settings, or Unsafe with everything that must change first."""
    if found := faults(settings):
        raise Unsafe(found)
    return settings


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def demo_environment(folder: Path, *, base_url: str, fivetran_url: str, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the demo's parts: one SQLite file and the secrets in the folder, mailbox and emulator.

    What the operator set for the zone and the undo window is kept.
    """
    return {
        **given,
        "REQUEST_TRACKER_DATABASE_URL": f"sqlite:///{folder / 'request_tracker.sqlite3'}",
        "REQUEST_TRACKER_SECRET_KEY": _kept_secret(folder / "secret_key"),
        "REQUEST_TRACKER_BASE_URL": base_url,
        "REQUEST_TRACKER_SMTP_URL": given.get("REQUEST_TRACKER_SMTP_URL", MAILBOX),
        "REQUEST_TRACKER_UNDO_SECONDS": given.get("REQUEST_TRACKER_UNDO_SECONDS", "10"),
        "REQUEST_TRACKER_CHECK_SECONDS": given.get("REQUEST_TRACKER_CHECK_SECONDS", "20"),
        "REQUEST_TRACKER_DEMO": "1",
        "FIVETRAN_API_URL": fivetran_url,
        "FIVETRAN_API_KEY": "demo-key",
        "FIVETRAN_API_SECRET": _kept_secret(folder / "fivetran_secret"),
        "FIVETRAN_WEBHOOK_SECRET": _kept_secret(folder / "webhook_secret"),
    }


def _kept_secret(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(36))
    return path.read_text()
