"""The tabs of what matching knows: one for each kind of row, with its form and its words."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import abort, url_for
from flask_wtf import FlaskForm

from request_tracker.rules.claims import HOST_KINDS, KINDS
from request_tracker.web.knowledge_forms import AliasForm, FamilyForm, HostForm


@dataclass(frozen=True)
class Tab:
    """One kind of knowledge: its name in addresses, in the store, in words; its form; the labels of its fields."""

    name: str
    subject: str
    label: str
    one: str
    form: type[FlaskForm]
    columns: Mapping[str, str]
    kinds: Mapping[str, str]
    about: str


TABS = {
    tab.name: tab
    for tab in (
        Tab(
            "aliases", "alias", "Aliases", "alias", AliasForm,
            {"canonical": "Today's name", "alias": "Other name", "kind": "Kind", "source": "Source"}, KINDS,
            "Other names and domains of one service: renamed, shortened, moved. Each leads straight to today's name.",
        ),
        Tab(
            "hosts", "shared_host", "Shared hosts", "shared host", HostForm,
            {"host": "Host", "kind": "Kind"}, HOST_KINDS,
            "Hosts where many vendors have pages. Two services there have nothing in common but their landlord.",
        ),
        Tab(
            "families", "family", "Families", "family", FamilyForm,
            {"name": "Company", "domain": "Shared domain", "source": "Source"}, {},
            "Companies with many products on one domain. Neither that domain nor the company's name tells which.",
        ),
    )
}  # fmt: skip
BY_SUBJECT = {tab.subject: tab for tab in TABS.values()}


def tab_of(name: str) -> Tab:
    """The tab of this name; a 404 for any other."""
    return TABS.get(name) or abort(404)


def address(tab: Tab, view: Mapping[str, str]) -> str:
    home = url_for("knowledge.index", tab=tab.name)
    return f"{home}?{urlencode(view)}" if view else home


def typed(tab: Tab, sent: Mapping[str, str]) -> dict[str, str]:
    """What was sent for the fields of the tab's rows."""
    return {name: sent.get(name, "") for name in tab.columns}


def told(form: FlaskForm, fault: Exception) -> FlaskForm:
    """The form with the fault beside its field, or above all where it is about no single one."""
    name, message = getattr(fault, "field", ""), getattr(fault, "message", "") or str(fault)
    if name in form:
        form[name].errors = [message]
    else:
        form.form_errors = [message]
    return form
