"""Service names made comparable: folded, split into words, freed of words that say nothing about identity."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

LONGEST = 200
MOST_WORDS = 12

LATIN_TWINS = str.maketrans(
    "аеорсухікѕјһԁԛԝɡ" + "αορνυικτχβεζημ" + "ıøđłŧħ",
    "aeopcyxiksjhdqwg" + "aopvuiktxbeznm" + "iodlth",
)
SPELLED_OUT = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "&": "and"}


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


ACCESS_WORDS = word_set("""
    oauth oauth2 auth authentication authorization jwt token tokens pat key keys credentials basic bearer sso saml
    service-account service-user client-credentials personal-access-token access-token api-key api-token
""")
STAGE_WORDS = word_set("sandbox demo dev development test testing staging prod production deprecated legacy beta")
REGION_WORDS = word_set("eu us uk au emea apac europe usa")
KIND_WORDS = word_set("""
    api apis rest restful graphql soap connector connectors integration integrations singer webhook webhooks scim
    mcp sdk http https inc ltd llc gmbh
""")
NOISE = ACCESS_WORDS | STAGE_WORDS | REGION_WORDS | KIND_WORDS
PHRASES = tuple(sorted((word.replace("-", " ") for word in ACCESS_WORDS if "-" in word), key=len, reverse=True))
# Inside a word written in camel case only these are dropped: "LeadConnector" is a name.
INNER_NOISE = word_set("api apis oauth oauth2 sandbox")
# Words that are often left out or added without meaning another product.
SOFT = word_set("""
    app apps application online software platform crm core cloud com io www the by of for and standard public official
    service services data web new account accounts admin user users
""")
JOINING = frozenset({"and", "of", "the", "for", "by"})

VERSION = re.compile(r"v\d+(\.\d+)*|\d+\.\d+(\.\d+)*", re.ASCII)
SLUG_PREFIX = re.compile(r"^(source|destination|tap|target)[-_](?=\w)")
CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
ASIDE = re.compile(r"[(\[{](.*?)[)\]}]")
MAKER = re.compile(r"(?<=\S)\s+by\s+\S.*", re.IGNORECASE)
ADDRESS = re.compile(r"(?:https?://)?[^\s/@:.]+(?:\.[^\s/@:.]+)+\.?(?:[:/?#]\S*)?", re.IGNORECASE)
WHOLE_ADDRESS = re.compile(r"(?:https?://|www\.)\S*|[^\s/@:.]+(?:\.[^\s/@:.]+)+\.?(?::\d+)?/\S*", re.IGNORECASE)
FORMER = re.compile(r"\b(?:formerly|previously|aka|a\.k\.a\.|now|was)\b[:\s]*", re.IGNORECASE)


@lru_cache(8192)
def name_words(name: str) -> tuple[str, ...]:
    """The words that carry a name, folded; never empty for a name with any visible character."""
    text = widen(name)
    text = SLUG_PREFIX.sub("", text)
    kept = [word for word in _split(text) if not is_noise(fold(word))]
    parts = [fold(part) for word in kept for part in CAMEL.split(word)]
    words = [part for part in parts if part and part not in INNER_NOISE] or [part for part in parts if part]
    return tuple(words[:MOST_WORDS] or _whatever(text))


def name_key(name: str) -> str:
    """One string without spaces by which equal names are found: "Google_Ads (OAuth)" gives "googleads"."""
    return "".join(name_words(name))


def other_keys(name: str) -> frozenset[str]:
    """Keys of the further names one entry carries: "Ads (AdWords)" gives "ads" and "adwords"; empty if only one."""
    text = widen(name)
    pieces = [ASIDE.sub(" ", text), *ASIDE.findall(text)]
    pieces = [part for piece in pieces for part in FORMER.split(piece)]
    pieces = [part for piece in pieces for part in (piece, MAKER.sub("", piece))]
    keys = {name_key(piece) for piece in pieces if _says_something(piece)}
    return frozenset(key for key in keys if len(key) > 2) if len(keys) > 1 else frozenset()


def widen(name: str) -> str:
    """The name cut to LONGEST characters, width folded, without invisible characters; case is kept."""
    text = unicodedata.normalize("NFKC", name[:LONGEST])
    return "".join(" " if char.isspace() else char for char in text if char.isspace() or is_seen(char)).strip()


def is_address(text: str) -> bool:
    """True for a name that may be read as an address: "acme.com", "https://acme.com/api"."""
    return ADDRESS.fullmatch(text) is not None


def is_whole_address(text: str) -> bool:
    """True for a name that is nothing but an address: "https://acme.com", "acme.com/api"; "acme.com" is a name, too."""
    return WHOLE_ADDRESS.fullmatch(text) is not None


@lru_cache(8192)
def fold(word: str) -> str:
    """Lower case, Latin accents off, look-alike letters of other scripts in a Latin word turned Latin."""
    text = word.casefold()
    for letter, spelled in SPELLED_OUT.items():
        text = text.replace(letter, spelled)
    text = unicodedata.normalize("NFKD", text)
    text = unicodedata.normalize("NFC", "".join(char for char in text if not "\u0300" <= char <= "\u036f"))
    return text.translate(LATIN_TWINS) if any("a" <= char <= "z" for char in text) else text


def is_noise(word: str) -> bool:
    """True for a folded word about access, stage, region, version or kind of interface."""
    return word in NOISE or VERSION.fullmatch(word) is not None


def is_telling(words: tuple[str, ...]) -> bool:
    """False for names anybody may have given: "API", "Data", "Test", "?", "x"."""
    said = [word for word in words if not is_noise(word) and word not in SOFT]
    return sum(char.isalnum() for word in said for char in word) > 1


def trigrams_of(key: str) -> frozenset[str]:
    """Three-letter pieces of a key, its edges marked: "ab" gives "^ab" and "ab$"."""
    marked = f"^{key}$"
    return frozenset(marked[i : i + 3] for i in range(len(marked) - 2)) if key else frozenset()


def leftover(words: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Words of the first name without a counterpart in the second, however either is cut: "git hub" meets "github"."""
    known = {joined for _, _, joined in spans(_singular(others))}
    met = {i for start, end, joined in spans(_singular(words)) if joined in known for i in range(start, end)}
    return tuple(word for i, word in enumerate(words) if i not in met)


def spans(words: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """Each run of neighbouring words: (start, end, the run written as one)."""
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            yield start, end, "".join(words[start:end])


def abbreviates(key: str, words: tuple[str, ...]) -> bool:
    """True where the key is made of the first letters of the words: "tmdb", "dv360", "ga4"; at least two words."""
    telling = tuple(word for word in words if word not in JOINING)
    return len(words) > 1 and 2 < len(key) <= 8 and key in {_initials(words), _initials(telling), _shortened(words)}


def _initials(words: tuple[str, ...]) -> str:
    return "".join(word if word.isdigit() else word[0] for word in words)


def _shortened(words: tuple[str, ...]) -> str:
    """All but the last word by their first letters: "nytimes"."""
    return _initials(words[:-1]) + words[-1] if len(words) > 2 else ""


def _singular(words: tuple[str, ...]) -> tuple[str, ...]:
    """Plural endings off, except in the first word: that one is the brand."""
    return words[:1] + tuple(word[:-1] if len(word) > 3 and word[-1] == "s" != word[-2] else word for word in words[1:])


def _split(text: str) -> Iterable[str]:
    lowered = text.casefold()
    if len(lowered) == len(text):
        for phrase in PHRASES:
            text, lowered = _without(text, lowered, phrase)
    return re.findall(r"v?\d+(?:\.\d+)+|[\w&]+", text.replace("_", " "))


def _without(text: str, lowered: str, phrase: str) -> tuple[str, str]:
    shaped = re.compile(r"(?<!\w)" + phrase.replace(" ", r"[\s_-]+") + r"(?!\w)")
    for found in reversed(list(shaped.finditer(lowered))):
        text = f"{text[: found.start()]} {text[found.end() :]}"
    return text, text.casefold()


def _says_something(piece: str) -> bool:
    return any(not is_noise(word) for word in name_words(piece)) and any(char.isalnum() for char in piece)


def _whatever(text: str) -> list[str]:
    words = [fold(word) for word in text.split()]
    return [word for word in words if word][:MOST_WORDS]


def is_seen(char: str) -> bool:
    """False for control and format characters, unpaired surrogates and what no standard assigns."""
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
