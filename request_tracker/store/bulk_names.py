"""Names for synthetic programs: services, customer accounts and people that sound real and are not."""

import random
from dataclasses import dataclass

from request_tracker.rules.matching import Entry


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_FIRST = _listed(
    """
    bel cal cor dal del el fen fin gar hal in jor kal kel lan lor lum mar mer mon nav nel nor or pal per pol quil ran
    ren sal sel sil sol tal tel tor ul val van vel ver vol wil xen yar zan zel
    """
)
_MIDDLE = _listed(
    """
    a e i o u ba be bo da de do fa ga go ka ki la le li lo ma mi mo na ne no ra re ri ro sa si so ta te ti to va vi vo
    """
)
_LAST = _listed(
    """
    ble cast cy dex dia fy gen graph kit lane lix ly mark mint nova ora path pay pulse ra rix ro sense stack ta tech
    tria va vio wave wise x
    """
)
PRODUCTS = (
    "Ads", "Analytics", "Billing", "Bookings", "Campaigns", "Care", "Commerce", "Contracts", "CRM", "Desk", "Events",
    "Expenses", "Fleet", "Forms", "Freight", "Fundraising", "Grants", "HR", "Inventory", "Invoicing", "Learning",
    "Leads", "Loyalty", "Marketplace", "Messaging", "Meetings", "Payments", "Payroll", "Pipeline", "Planning", "POS",
    "Procurement", "Projects", "Recruiting", "Rentals", "Returns", "Reviews", "Scheduling", "Service", "Shipping",
    "Social", "Subscriptions", "Support", "Surveys", "Tax", "Tickets", "Time", "Travel", "Warehouse", "Workforce",
)  # fmt: skip
_VARIANTS = ("{} API", "{} Inc.", "{} Cloud", "The {}", "{}.com", "{} app", "{} (EU)", "{} Platform")
_PLACES = _listed(
    """
    Alder Birch Cedar Copper Eastgate Fjord Granite Harbor Juniper Kestrel Lakeside Linden Maple Meridian Northfield
    Orchard Pinnacle Quarry Redwood Silver Summit Tidewater Union Westbrook Willow
    """
)
_TRADES = _listed(
    """
    Airlines Bank Clinics Energy Foods Freight Furniture Health Insurance Logistics Media Mills Outfitters Pharma
    Retail Software Sports Telecom Textiles Tools Toys Travel Utilities Wines
    """
)
_GIVEN = _listed(
    """
    Ada Amir Bea Chidi Clara Dana Elif Femi Greta Hana Ivo Jonas Kaya Lena Malik Nadia Oscar Priya Quinn Rosa Sven
    Tara Umar Vera Wei Yuri Zoe
    """
)
_FAMILY = _listed(
    """
    Abara Berg Costa Dietrich Eze Fischer Gomez Haddad Ito Jensen Kowal Larsen Moreau Novak Okafor Park Quist Rossi
    Sato Tanaka Ueda Vega Weber Xu Yilmaz Zeman
    """
)


@dataclass(frozen=True)
class Service:
    """A service as one requester writes it down."""

    name: str
    url: str
    docs_url: str

    @property
    def entry(self) -> Entry:
        return Entry(self.name, self.url, self.docs_url)


def service(chance: random.Random) -> Service:
    """A new service: a coined brand, mostly with a product beside it, on a domain of its own."""
    brand = _coined(chance)
    product = chance.choice(PRODUCTS) if chance.random() < 0.7 else ""
    ending = chance.choice(("com", "com", "com", "io", "co", "app", "net"))
    domain = f"{brand.lower()}{product.lower() if chance.random() < 0.3 else ''}.{ending}"
    docs = chance.choice(
        (f"https://docs.{domain}/api", f"https://developers.{domain}/reference", f"https://{domain}/api")
    )
    return Service(f"{brand} {product}".strip(), f"https://www.{domain}/", docs)


def variant(known: Service, chance: random.Random) -> Service:
    """The same service in somebody else's words: another name form, a slip of the finger, a missing docs address."""
    name = known.name
    if chance.random() < 0.6:
        name = chance.choice(_VARIANTS).format(name)
    elif len(name) > 6:
        at = chance.randrange(2, len(name) - 2)
        name = name[:at] + name[at + 1 :]
    url = known.url if chance.random() < 0.8 else known.url.replace("www.", "app.")
    return Service(name, url, known.docs_url if chance.random() < 0.8 else f"{known.url}developers")


def account(chance: random.Random, number: int) -> str:
    return f"{chance.choice(_PLACES)} {chance.choice(_TRADES)} {number}"


def person(chance: random.Random) -> str:
    return f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}"


def _coined(chance: random.Random) -> str:
    middle = "".join(chance.choice(_MIDDLE) for _ in range(chance.choice((0, 1, 1, 2))))
    return (chance.choice(_FIRST) + middle + chance.choice(_LAST)).capitalize()
