"""A crowd of made-up entries for measuring look-ups, and what people may type when they look for one of them.

Letters follow each other as in real names, so that three-letter pieces are as common as they really are. There are
families on one domain, one domain that 5 % of all share, pages on shared hosts, few product words used again and again,
second requests for the same service, other scripts. The same number gives the same crowd.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from request_tracker.rules.matching import Entry, Knowledge
from request_tracker.rules.names import name_key
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.store import bulk_names
from request_tracker.store.bulk_names import PRODUCTS, Service

CROWDED = "bigcloud.com"
HOSTS = ("readme.io", "stoplight.io", "gitbook.io", "apiary.io")
ENDINGS = ("com", "com", "com", "com", "io", "co", "net", "app", "de", "co.uk", "ai")
SCRIPTS = (
    "абвгдежзиклмнопрстуфхцчшэюя",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "山田川口木村松本高橋小林中島",
    "אבגדהוזחטילמנסעפצקרשת",
)
ENDED = (Outcome.WITHDRAWN, Outcome.NOT_A_CANDIDATE, Outcome.INVALID, Outcome.CLOSED)
NEEDLES = 40
"""Of each kind that recall is measured with, spread evenly through the crowd."""


class Row(NamedTuple):
    """A case to be: what was typed, where it stands, the place of the one it is merged into."""

    entry: Entry
    phase: str
    outcome: str | None
    into: int | None


@dataclass(frozen=True)
class Needle:
    """What is typed, what kind of slip that is, and the places in the crowd that would be right."""

    kind: str
    typed: Entry
    place: int


class Crowd:
    """Entries by place, 1 to n. `needles` and `known` are filled while the crowd is walked through."""

    def __init__(self, n: int, names: list[str], knowledge: Knowledge) -> None:
        self.n = n
        self.needles: list[Needle] = []
        self.known: list[Service] = []
        self._knowledge = knowledge
        self._chance = random.Random(n)
        self._following = _following(names)
        self._brands: list[str] = []

    def rows(self) -> Iterator[Row]:
        planted = self._planted()
        step = max(2, self.n // (len(planted) + 1))
        roots: list[int] = []
        for place in range(1, self.n + 1):
            if place % step == 0 and planted:
                yield Row(self._needle(planted.pop(), place), Phase.VALIDATION, None, None)
                continue
            service = self._service()
            row = self._standing(service, roots)
            if row.into is None and row.outcome is None:
                roots.append(place)
            yield row

    def coined(self) -> str:
        """A new brand of letters that follow each other as in real names."""
        chance, letters = self._chance, "^"
        size = chance.choice((5, 6, 7, 7, 8, 8, 9, 10, 11, 12))
        while len(letters) <= size:
            letters += chance.choice(self._following[letters[-2:]] or self._following[letters[-1:]])
        return letters[1:].capitalize()

    def _service(self) -> Service:
        chance = self._chance
        kind = chance.choices((self._new, self._of_family, self._again, self._crowded, self._hosted, self._foreign),
                              (60, 20, 8, 5, 5, 2))[0]  # fmt: skip
        service = kind()
        if len(self.known) < 1000 or chance.random() < 0.01:
            self.known.append(service)
        return service

    def _new(self) -> Service:
        chance, brand = self._chance, self.coined()
        self._brands.append(brand)
        product = chance.choice(PRODUCTS) if chance.random() < 0.5 else ""
        glue = product if chance.random() < 0.2 else ""
        return _at(f"{brand} {product}".strip(), f"{brand}{glue}.{chance.choice(ENDINGS)}".lower(), chance)

    def _of_family(self) -> Service:
        """A further product of a brand; the old brands have the most."""
        if not self._brands:
            return self._new()
        brand = self._brands[int(len(self._brands) * self._chance.random() ** 3)]
        products = self._chance.sample(PRODUCTS, self._chance.choice((1, 1, 2)))
        return _at(" ".join((brand, *products)), f"{brand.lower()}.com", self._chance)

    def _again(self) -> Service:
        return bulk_names.variant(self._chance.choice(self.known), self._chance) if self.known else self._new()

    def _crowded(self) -> Service:
        name = f"{self.coined()} {self._chance.choice(PRODUCTS)}"
        return _at(f"Bigcloud {name}" if self._chance.random() < 0.5 else name, CROWDED, self._chance)

    def _hosted(self) -> Service:
        brand = self.coined()
        return Service(brand, "", f"https://{brand.lower()}.{self._chance.choice(HOSTS)}/reference")

    def _foreign(self) -> Service:
        letters = self._chance.choices(self._chance.choice(SCRIPTS), k=self._chance.randrange(3, 9))
        return Service("".join(letters), f"https://{self.coined().lower()}.com/", "")

    def _standing(self, service: Service, roots: list[int]) -> Row:
        chance, luck = self._chance, self._chance.random()
        if luck < 0.1 and roots:
            return Row(service.entry, Phase.SUBMISSION, Outcome.MERGED, chance.choice(roots))
        if luck < 0.35:
            return Row(service.entry, Phase.GENERALLY_AVAILABLE, Outcome.RELEASED, None)
        if luck < 0.6:
            return Row(service.entry, Phase.VALIDATION, chance.choice(ENDED), None)
        return Row(service.entry, chance.choice(list(Phase)[:-1]), None, None)

    def _planted(self) -> list[tuple[str, Entry, Entry]]:
        """Kind, what stands in the crowd, what is typed; as many as a small crowd can hide."""
        rounds = min(NEEDLES, self.n // 40)
        found = [one for _ in range(rounds) for one in self._a_round()]
        names, domains = self._aliases(rounds)
        found += [("alias", Entry(new, f"https://{new}.com/"), Entry(old)) for old, new in names]
        found += [
            (
                "old domain",
                Entry(self.coined(), f"https://{new}/") if "." in new else Entry(new),
                Entry("", f"https://{old}"),
            )
            for old, new in domains
        ]
        self._chance.shuffle(found)
        return found

    def _a_round(self) -> list[tuple[str, Entry, Entry]]:
        chance = self._chance
        found = []
        for kind in ("exact", "one slip", "one slip, with product", "two slips", "glued", "product left out"):
            brand, product = self.coined(), chance.choice(PRODUCTS)
            name = brand if kind == "one slip" else f"{brand} {product}"
            found.append(
                (kind, _at(name, f"{brand.lower()}.com", chance).entry, Entry(self._typed(kind, brand, product)))
            )
        brand = self.coined()
        page = f"https://{brand.lower()}.readme.io"
        found.append(
            (
                "page on a shared host",
                Entry(f"{brand} {chance.choice(PRODUCTS)}", "", f"{page}/docs"),
                Entry("", "", f"{page}/v2/api"),
            )
        )
        name = f"Bigcloud {self.coined()} {chance.choice(PRODUCTS)}"
        there = f"https://{CROWDED}/"
        found.append(("slip on the crowded domain", Entry(name, there), Entry(slipped(name, chance), there)))
        return found

    def _typed(self, kind: str, brand: str, product: str) -> str:
        both = f"{brand} {product}"
        return {
            "exact": both.upper(),
            "one slip": slipped(brand, self._chance),
            "one slip, with product": f"{slipped(brand, self._chance)} {product}",
            "two slips": slipped(slipped(both, self._chance), self._chance),
            "glued": f"{brand}{product}".lower(),
            "product left out": brand,
        }[kind]

    def _aliases(self, number: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Old and present names, and old domains with the present ones or the name of the owner, of what is known."""
        pairs = sorted(self._knowledge.aliases.items())
        self._chance.shuffle(pairs)
        domains = [(old, new) for old, new in pairs if "." in old]
        names = [(old, new) for old, new in pairs if "." not in old and name_key(new) == new and name_key(old) == old]
        return names[:number], domains[:number]

    def _needle(self, planted: tuple[str, Entry, Entry], place: int) -> Entry:
        kind, entry, typed = planted
        self.needles.append(Needle(kind, typed, place))
        return entry


def slipped(name: str, chance: random.Random) -> str:
    """The name with one letter left out, doubled, swapped with the next, or another; never the first."""
    at = chance.randrange(1, len(name) - 1)
    before, here, after = name[:at], name[at], name[at + 1 :]
    return chance.choice((
        before + after, before + here + here + after, before + after[:1] + here + after[1:],
        before + chance.choice("aeionrst") + after,
    ))  # fmt: skip


def _at(name: str, domain: str, chance: random.Random) -> Service:
    docs = chance.choice((f"https://docs.{domain}/api", f"https://developers.{domain}/", f"https://{domain}/api", ""))
    return Service(name, f"https://www.{domain}/", docs)


def _following(names: list[str]) -> dict[str, list[str]]:
    """Which letters follow one or two letters."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        letters = "^" + "".join(char for char in name.lower() if "a" <= char <= "z")
        for at in range(1, len(letters)):
            found[letters[at - 1 : at]].append(letters[at])
            found[letters[max(0, at - 2) : at]].append(letters[at])
    return found
