"""Points, words and evidence of each criterion, by the rubric of the assessment facts, section 8."""

from collections.abc import Callable, Mapping

from request_tracker.rules import assessment_words as words
from request_tracker.rules.assessment_caps import is_page, is_silent
from request_tracker.rules.assessment_figures import Subject
from request_tracker.rules.terms import Criterion
from request_tracker.rules.vendor_api import ChangeKind


def _documentation(on: Subject) -> float | None:
    """Points for what is told at all; a page for people tells nothing that could be counted."""
    figures, rubric = on.analysis.figures, on.rubric
    if is_page(on):
        return None
    reads = figures.get_operations
    answers = figures.get_with_schema / reads if reads else _typed_share(on)
    described = min(1.0, figures.get_described / reads / rubric.described_share) if reads else 0.0
    declared = rubric.declared if words.is_declared(on) else 0
    return rubric.parses + rubric.answers * min(1.0, answers) + rubric.described * described + declared


def _typed_share(on: Subject) -> float:
    """A GraphQL schema has no reads by GET, but types for all it answers."""
    return sum(each.is_typed for each in on.proposed) / len(on.proposed) if on.proposed else 0.0


def _size(on: Subject) -> float | None:
    if not on.count and (is_silent(on) or on.analysis.post_reads):
        return None
    return float(on.rubric.size_points(on.size))


def _nesting(on: Subject) -> float | None:
    if not on.count:
        return None
    return on.share(on.within(on.rubric.levels)) * on.rubric.depth_points(on.deepest)


def _structure(on: Subject) -> float | None:
    if not on.count:
        return None
    named = on.rubric.named_share
    return on.rubric.points[Criterion.STRUCTURE] * (named * on.share(on.named) + (1 - named) * on.share(on.paged))


def _custom_data(on: Subject) -> float | None:
    figures, most = on.analysis.figures, on.rubric.points[Criterion.CUSTOM_DATA]
    if figures.customer_defines_tables:
        return 0.0
    if not on.count or figures.fully_custom_share is None:
        return None
    weighed = 1 - on.rubric.custom_weight * (figures.custom_field_share or 0.0)
    return most * (1 - figures.fully_custom_share) * weighed


def _authentication(on: Subject) -> float | None:
    return None if is_page(on) else float(on.rubric.sign_in[on.sign_in])


def _incremental(on: Subject) -> float | None:
    return on.rubric.points[Criterion.INCREMENTAL] * on.share(on.changing) if on.count else None


JUDGES: Mapping[Criterion, Callable[[Subject], float | None]] = {
    Criterion.DOCUMENTATION: _documentation,
    Criterion.SIZE: _size,
    Criterion.NESTING: _nesting,
    Criterion.STRUCTURE: _structure,
    Criterion.CUSTOM_DATA: _custom_data,
    Criterion.AUTHENTICATION: _authentication,
    Criterion.INCREMENTAL: _incremental,
}
"""Points of each criterion; None where the document cannot tell."""
WORDS: Mapping[Criterion, Callable[[Subject], tuple[str, str]]] = {
    Criterion.DOCUMENTATION: words.documentation,
    Criterion.SIZE: words.size,
    Criterion.NESTING: words.nesting,
    Criterion.STRUCTURE: words.structure,
    Criterion.CUSTOM_DATA: words.custom_data,
    Criterion.AUTHENTICATION: words.authentication,
    Criterion.INCREMENTAL: words.incremental,
}
POINTERS: Mapping[Criterion, Callable[[Subject], tuple[str, ...]]] = {
    Criterion.DOCUMENTATION: lambda on: _first(
        *((each.pointer,) for each in on.analysis.warnings if each.pointer), *(each.pointers for each in on.tables)
    ),
    Criterion.SIZE: lambda on: _first(*(each.pointers for each in on.tables)),
    Criterion.NESTING: lambda on: _first(*(each.pointers for each in on.tables if each.name in on.longest)),
    Criterion.STRUCTURE: lambda on: _first(*(each.pointers for each in on.tables if not each.is_typed)),
    Criterion.CUSTOM_DATA: lambda on: _first(*(each.pointers for each in on.tables if each.is_custom)),
    Criterion.AUTHENTICATION: lambda on: _first(*(each.pointers for each in on.analysis.sign_in)),
    Criterion.INCREMENTAL: lambda on: _first(
        *(each.pointers for each in on.tables if each.change.kind is ChangeKind.NONE)
    ),
}
"""Evidence where the analysis names none for the criterion itself."""


def _first(*groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pointer for group in groups for pointer in group[:1]))
