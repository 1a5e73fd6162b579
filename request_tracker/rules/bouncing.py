"""What a mail server's refusal means for the next letter to the same address: the one table of it."""

import re
from datetime import timedelta

HARD, SOFT = "hard", "soft"
SOFT_TOO_OFTEN = 3
_MOST_READ = 2000
SOFT_WITHIN = timedelta(days=7)
NO_PERSON, CLOSED, FULL, POLICY, UNSAID = "5.1.1", "5.2.1", "5.2.2", "5.7.0", "5.0.0"
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -]|$)")
_ADDRESS = re.compile(r"\S+@\S+")
_SAYS_LITTLE = re.compile(r"[45]\.(?:0\.\d+|[12]\.0)")
_HARD = re.compile(r"5\.(?:1\.\d+|2\.1)")
_OF_THE_SENDER = re.compile(r"[45]\.1\.[789]")
_OF_THE_LETTER = re.compile(r"[45]\.[03567]\.\d+")
"""RFC 3463: the system (3), the protocol (5), the contents (6), a policy (7), or nothing said (0). They condemn a
letter, or our own mail server. Taking "relaying denied" for "no such person" would silence everybody at once."""
_OF_MAILBOXES = frozenset({"550", "551", "553"})
_WORDS: tuple[tuple[str, str, bool], ...] = (
    (r"\bfull\b|quota|exceeded .{0,40}storage", FULL, False),
    (
        r"relay|\bspf\b|dkim|dmarc|spam|junk|virus|polic|block|black ?list|deny list|\brbl\b|dnsbl|reputation|\brate\b"
        r"|\bsize\b|too (?:large|big|long|many)|sender|denied|permitted|allowed|prohibit|banned|authenti|\bptr\b"
        r"|reverse dns",
        POLICY,
        False,
    ),
    (r"(?:mailbox|account|user|recipient)\b.{0,40}\b(?:disabled|inactive|closed)", CLOSED, True),
    (
        r"(?:user|recipient|mailbox|account) unknown|unknown (?:user|recipient|mailbox|account|local.part)"
        r"|no such (?:\w+ )?(?:user|recipient|mailbox|address|person|account)|no mailbox"
        r"|(?:mailbox|account|user|recipient|email address)\b.{0,60}\b(?:unavailable|not found|does(?: not|n.t) exist)"
        r"|invalid (?:recipient|mailbox|user)|not a (?:known|valid) (?:user|mailbox|recipient)|unroute?able address",
        NO_PERSON,
        True,
    ),
)
"""What a refusal without a telling code speaks of, the first that fits; the last column: only with a code that RFC 5321
has for mailboxes."""


def status_in(text: str) -> str:
    """The first enhanced status code in a server's words, such as 5.1.1; empty when there is none."""
    found = _STATUS.search(text)
    return found[0] if found else ""


def status_of(words: str) -> str:
    """The status a server's answer tells, such as `550 No such user here` → 5.1.1; empty when it is no refusal.

    An enhanced code counts as it stands. Without a telling one, the reply code and the words decide, and what they
    leave open is 5.0.0: that condemns the letter, never its address.
    """
    words = words[:_MOST_READ]
    stated, code = status_in(words), _CODE.search(words)
    if stated and not _SAYS_LITTLE.fullmatch(stated):
        return stated
    if code is None or (stated and stated[0] != code[1][0]):
        return stated
    if code[1][0] == "4":
        return stated or "4.0.0"
    return _by_words(_ADDRESS.sub(" ", words).lower(), code[1]) or stated or UNSAID


def finer(stated: str, words: str) -> str:
    """Exim and others state 5.0.0 and leave the reason in the words: the finer of the two counts."""
    if stated and not _SAYS_LITTLE.fullmatch(stated):
        return stated
    within = status_of(words)
    tells = within and not _SAYS_LITTLE.fullmatch(within) and within[:1] == (stated or within)[:1]
    return within if tells else stated or within or UNSAID


def kind_of(status: str) -> str:
    """Hard: nobody can be reached there. Soft: perhaps later, or with another letter."""
    return HARD if _HARD.fullmatch(status) and not _OF_THE_SENDER.fullmatch(status) else SOFT


def is_about_address(status: str) -> bool:
    """Whether it says anything of the address, so that it counts towards SOFT_TOO_OFTEN."""
    of_another = _OF_THE_LETTER.fullmatch(status) or _OF_THE_SENDER.fullmatch(status)
    return bool(_STATUS.fullmatch(status)) and not of_another


def _by_words(said: str, code: str) -> str:
    fitting = ((words, status) for words, status, needs in _WORDS if not needs or code in _OF_MAILBOXES)
    return next((status for words, status in fitting if re.search(words, said)), "")
