"""A page made for people: all to be said is that it is there, which words it uses, which documents it points at."""

from collections.abc import Sequence
from html.parser import HTMLParser

from request_tracker.apidocs.describing.words import plain, words
from request_tracker.apidocs.load import Loaded
from request_tracker.rules.vendor_api import Analysis, Figures, Note, SignIn, SignInKind

MOST_WORDS = 400
READ = 500_000
"""Characters of a page that are read."""

POINTS = "This is a page for people. It points at {count}: read {which} instead."
ASK = (
    "This is a page for people, so nothing can be counted. Ask the vendor for an OpenAPI document, a Postman collection"
    " or a GraphQL schema, or look for a link called “OpenAPI”, “Swagger” or “download” on the page."
)
_UNSEEN = frozenset({"script", "style", "noscript", "template", "svg"})


def analyse(loaded: Loaded) -> Analysis:
    """The title, the links and the words of a page; no figures, and a note that says what to do next."""
    reader = _Reader()
    reader.feed(str(loaded.tree)[:READ])
    count = len(loaded.links)
    points = POINTS.format(
        count="one document for machines" if count == 1 else f"{count} documents that may be for machines",
        which="that" if count == 1 else "one of those",
    )
    return Analysis(
        kind="html",
        title=plain(" ".join(reader.title), 200),
        figures=Figures(),
        sign_in=(SignIn(SignInKind.UNDECLARED),),
        warnings=(Note(points if count else ASK), *loaded.warnings),
        links=loaded.links,
        words=_usual(reader.texts),
    )


def _usual(texts: Sequence[str]) -> tuple[str, ...]:
    """The words that stand there most often, of four letters and more; those as often in the order of the page."""
    counts: dict[str, int] = {}
    for text in texts:
        for piece in text.split():
            for word in words(piece):
                if len(word) > 3 and word.isalpha():
                    counts[word] = counts.get(word, 0) + 1
    return tuple(sorted(counts, key=lambda word: -counts[word])[:MOST_WORDS])


class _Reader(HTMLParser):
    """Gathers what a reader of the page sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.texts: list[str] = []
        self._hidden = 0
        self._is_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _UNSEEN
        self._is_title = tag == "title" and not self.title

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _UNSEEN))
        self._is_title = self._is_title and tag != "title"

    def handle_data(self, data: str) -> None:
        if self._is_title:
            self.title.append(data[:300])
        elif not self._hidden:
            self.texts.append(data)
