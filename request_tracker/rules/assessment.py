"""Measured figures to criteria to a verdict, with figure, threshold, one sentence and evidence for each.

The rubric and its caps are those of the assessment facts, section 8; a specialist confirms or overrides each criterion.
"""

from dataclasses import dataclass, field

from request_tracker.rules import assessment_words as words
from request_tracker.rules import needs as looking
from request_tracker.rules.assessment_caps import CAPS, Cap
from request_tracker.rules.assessment_figures import Subject
from request_tracker.rules.assessment_points import JUDGES, POINTERS, WORDS
from request_tracker.rules.needs import Needs
from request_tracker.rules.rubric import RUBRIC, Rubric
from request_tracker.rules.terms import Criterion, Verdict
from request_tracker.rules.vendor_api import Analysis

ORDER = (Verdict.POOR, Verdict.POSSIBLE, Verdict.GREAT)


@dataclass(frozen=True)
class Judgement:
    """One criterion. `points` of at most `of`; `of` is 0 for what gives no points (the use case)."""

    criterion: Criterion
    verdict: Verdict
    figure: str
    threshold: str
    reason: str
    pointers: tuple[str, ...]
    points: float
    of: int


@dataclass(frozen=True)
class Judged:
    """`score` is 0 to 100 over the criteria that can be told, 0 where the verdict is unknown. `caps` say why the
    verdict is lower than the score; `alternatives` are named for a poor one; `needs` are the request's own words."""

    verdict: Verdict
    score: int
    criteria: tuple[Judgement, ...]
    caps: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    needs: Needs = field(default_factory=Needs)


def judge(
    analysis: Analysis,
    *,
    wanted: frozenset[str] | None = None,
    data_needed: str = "",
    use_case: str = "",
    rubric: Rubric = RUBRIC,
) -> Judged:
    """The verdict on a document. `wanted`: names of the tables chosen; size, nesting, structure and changes are judged
    on them where there are any. `data_needed`, `use_case`: the request's own words."""
    chosen = (wanted or frozenset()) & {each.name for each in analysis.tables}
    on = Subject(analysis, chosen, rubric)
    found = looking.match(data_needed, analysis, also=use_case)
    criteria = (*(_judgement(on, criterion) for criterion in JUDGES), _use_case(on, found))
    held = _held(on)
    score = _score(criteria)
    verdict = _verdict(score, held, rubric)
    return Judged(
        verdict=verdict,
        score=0 if verdict is Verdict.UNKNOWN else score,
        criteria=criteria,
        caps=tuple(each.sentence(on) for each in held),
        alternatives=words.ALTERNATIVES if verdict is Verdict.POOR else (),
        needs=found,
    )


def unreadable(sentence: str, rubric: Rubric = RUBRIC) -> Judged:
    """The verdict on a document that could not be read; `sentence` says why and what to do."""
    asked = words.thresholds(rubric)
    criteria = tuple(
        Judgement(each, Verdict.UNKNOWN, "Not known", asked[each], sentence, (), 0.0, rubric.points[each])
        for each in Criterion
    )
    return Judged(Verdict.UNKNOWN, 0, criteria, caps=(sentence,))


def _judgement(on: Subject, criterion: Criterion) -> Judgement:
    points, evidence = JUDGES[criterion](on), POINTERS[criterion](on)
    figure, reason = WORDS[criterion](on) if points is not None else _untold(on, criterion)
    return Judgement(
        criterion=criterion,
        verdict=_of_points(points, on.rubric.points[criterion], on.rubric),
        figure=figure,
        threshold=words.thresholds(on.rubric)[criterion],
        reason=reason + ".",
        pointers=(on.analysis.pointers.get(criterion) or evidence)[: on.rubric.pointers],
        points=round(points or 0.0, 2),
        of=on.rubric.points[criterion],
    )


def _use_case(on: Subject, found: Needs) -> Judgement:
    """A document cannot tell the use case: with hits it is possible, and a specialist decides."""
    figure, reason = words.use_case(found)
    by_name = {each.name: each for each in on.analysis.tables}
    tables = [by_name[name] for hit in found.hits for name in hit.tables[:1]]
    evidence = tuple(dict.fromkeys(pointer for each in tables for pointer in each.pointers[:1]))
    return Judgement(
        criterion=Criterion.USE_CASE,
        verdict=Verdict.POSSIBLE if found.hits else Verdict.UNKNOWN,
        figure=figure,
        threshold=words.thresholds(on.rubric)[Criterion.USE_CASE],
        reason=reason + ".",
        pointers=(on.analysis.pointers.get(Criterion.USE_CASE) or evidence)[: on.rubric.pointers],
        points=0.0,
        of=on.rubric.points[Criterion.USE_CASE],
    )


def _untold(on: Subject, criterion: Criterion) -> tuple[str, str]:
    """What is said of a criterion the document is silent about."""
    if criterion is Criterion.CUSTOM_DATA and on.count:
        return words.custom_data(on)
    if criterion is Criterion.SIZE and on.analysis.post_reads:
        return words.size(on)
    return "Not known", "The document describes no table this could be counted on"


def _score(criteria: tuple[Judgement, ...]) -> int:
    """Points of a hundred. What cannot be told counts neither for nor against."""
    known = [each for each in criteria if each.verdict is not Verdict.UNKNOWN]
    most = sum(each.of for each in known)
    return round(100 * sum(each.points for each in known) / most) if most else 0


def _verdict(score: int, held: tuple[Cap, ...], rubric: Rubric) -> Verdict:
    mosts = [each.most for each in held]
    if Verdict.UNKNOWN in mosts:
        return Verdict.UNKNOWN
    by_score = (
        Verdict.GREAT
        if score >= rubric.great_from
        else Verdict.POSSIBLE
        if score >= rubric.possible_from
        else Verdict.POOR
    )
    return min((by_score, *mosts), key=ORDER.index)


def _held(on: Subject) -> tuple[Cap, ...]:
    """The caps that hold. Where there is no verdict, its first reason says it all; where it is poor, only what makes it
    so."""
    held = tuple(each for each in CAPS if each.holds(on))
    silent = tuple(each for each in held if each.most is Verdict.UNKNOWN)
    poor = tuple(each for each in held if each.most is Verdict.POOR)
    return silent[:1] or poor or held


def _of_points(points: float | None, most: int, rubric: Rubric) -> Verdict:
    if points is None:
        return Verdict.UNKNOWN
    share = points / most if most else 0.0
    if share >= rubric.great_share:
        return Verdict.GREAT
    return Verdict.POSSIBLE if share >= rubric.possible_share else Verdict.POOR
