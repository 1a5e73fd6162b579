"""What holds a verdict down, whatever the score: each cap with its own sentence."""

from collections.abc import Callable
from dataclasses import dataclass

from request_tracker.rules import assessment_words as words
from request_tracker.rules.assessment_figures import Subject
from request_tracker.rules.terms import Verdict


@dataclass(frozen=True)
class Cap:
    """No verdict above `most` where `holds`; unknown is no verdict at all."""

    most: Verdict
    holds: Callable[[Subject], bool]
    sentence: Callable[[Subject], str]


def is_page(on: Subject) -> bool:
    return on.analysis.kind == "html"


def _is_graphql_shell(on: Subject) -> bool:
    return on.analysis.figures.graphql_only and not on.analysis.tables


def _is_unbundled(on: Subject) -> bool:
    figures = on.analysis.figures
    unread = not figures.get_with_schema and not any(each.is_typed for each in on.analysis.tables)
    return bool(figures.external_refs) and unread


def _is_empty(on: Subject) -> bool:
    return not on.analysis.figures.operations and not on.analysis.tables


def is_silent(on: Subject) -> bool:
    return any(each(on) for each in (is_page, _is_graphql_shell, _is_unbundled, _is_empty))


def _page_words(on: Subject) -> str:
    if on.analysis.links:
        return "This is a page for people, and it points at a description for programs: choose that one."
    return "This is a page for people, not a description for programs: upload the OpenAPI, Postman or GraphQL document."


def _unbundled_words(on: Subject) -> str:
    outside = words.number(on.analysis.figures.external_refs, "reference")
    return f"The answers are described in other files ({outside}): upload a bundled document, all in one file."


def _few_or_many(on: Subject) -> str:
    few = on.size < on.rubric.fewest
    return (
        f"{words.number(on.count, 'table')} to read is {'fewer' if few else 'more'} than usual "
        f"({on.rubric.fewest} to {on.rubric.most}): possible at most."
    )


def _no_list(on: Subject) -> str:
    return "Data is handed out only through POST or reports: possible at most."


CAPS = (
    Cap(Verdict.UNKNOWN, is_page, _page_words),
    Cap(
        Verdict.UNKNOWN,
        _is_graphql_shell,
        lambda on: (
            "The document describes the login but not the data, which is behind one GraphQL address: "
            "ask for the GraphQL schema."
        ),
    ),
    Cap(Verdict.UNKNOWN, _is_unbundled, _unbundled_words),
    Cap(Verdict.UNKNOWN, _is_empty, lambda on: "The document names no operations: ask for the one that does."),
    Cap(
        Verdict.POOR,
        lambda on: on.analysis.figures.customer_defines_tables,
        lambda on: "The end user defines the tables, so one connector cannot know them: poor.",
    ),
    Cap(Verdict.POSSIBLE, lambda on: not on.count, _no_list),
    Cap(
        Verdict.POSSIBLE,
        lambda on: on.sign_in == "oauth2",
        lambda on: "OAuth 2.0 is the only way to sign in: possible at most.",
    ),
    Cap(
        Verdict.POSSIBLE,
        lambda on: on.sign_in in ("undeclared", "none", "other"),
        lambda on: "How to sign in is not declared in a usual way: possible at most.",
    ),
    Cap(
        Verdict.POSSIBLE,
        lambda on: bool(on.count) and not on.rubric.fewest <= on.size <= on.rubric.most,
        _few_or_many,
    ),
    Cap(
        Verdict.POSSIBLE,
        lambda on: on.share(on.count - on.within(on.rubric.deep - 1)) > on.rubric.deep_share,
        lambda on: (
            f"{on.count - on.within(on.rubric.deep - 1):,} of {words.number(on.count, 'table')} need "
            f"{on.rubric.deep} lists or more walked first: possible at most."
        ),
    ),
    Cap(
        Verdict.POSSIBLE,
        lambda on: bool(on.count) and on.share(on.typed) < on.rubric.typed_share,
        lambda on: (
            f"Of only {on.typed:,} of {words.number(on.count, 'table')} the document says what a record holds: "
            "possible at most."
        ),
    ),
    Cap(
        Verdict.POSSIBLE,
        lambda on: (
            (on.analysis.figures.fully_custom_share or 0.0) >= on.rubric.custom_share
            and not on.analysis.figures.customer_defines_tables
        ),
        lambda on: "The columns are the customer's own throughout: possible at most.",
    ),
)
"""The caps of the facts, each with its own sentence; those that leave no verdict stand first."""
