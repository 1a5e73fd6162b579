"""YAML to a plain tree: event by event, so that neither depth nor anchors cost more than they are worth.

The parser is libyaml's; the tree is made here, without recursion, because PyYAML's own way recurses as deep as the
document does. Values are read as YAML 1.2 says (`on`, `no` and dates stay text), keys stay the text they were, tags of
a language are ignored, and what an anchor stands for is counted each time it is used.
"""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

from request_tracker.apidocs.loading import bounds, json_text, refusals, texts
from request_tracker.apidocs.loading.refusals import Unreadable
from request_tracker.rules.vendor_api import Note

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_TOLD = 20
_TAG = "tag:yaml.org,2002:"
_MEANT = frozenset(_TAG + name for name in ("int", "float", "bool", "null"))
_PLAIN_TAGS = _MEANT | {"!", *(_TAG + name for name in ("str", "map", "seq", "timestamp", "omap", "merge", "value"))}
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0(?:x[0-9a-fA-F]{1,16}|o[0-7]{1,21})\Z")
_BROKEN = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_MAY_BE_NUMBER = frozenset("+-.0123456789")
_LONGEST_NUMBER = 60
_MERGE = "<<"


class NotYaml(ValueError):
    """The text is no YAML; the message says where it stops being it."""


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is being filled; `size` and `height` count what anchors stand for."""

    value: Any
    anchor: str | None
    pointer: str
    key: Any = None
    has_key: bool = False
    size: int = 1
    height: int = 1
    merged: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _Anchored:
    value: Any
    size: int
    height: int


_NO_KEY, _MERGE_KEY = object(), object()
"""Stand for a key that is no text (what it leads to is left out), and for `<<`."""


def parse(text: str) -> tuple[Any, tuple[Note, ...]]:
    """The first document of the text and what is to be said about it. Raises NotYaml, or Unreadable where it is too
    much. Mappings that are merged (`<<`) are merged; a mapping may occur in several places of the tree."""
    maker = _Maker()
    loader = _LOADER(json_text.joined(text))
    try:
        with _without_collecting():
            return maker.tree_of(loader), tuple(maker.notes)
    except yaml.MarkedYAMLError as fault:
        raise NotYaml(_where(fault)) from None
    except (yaml.YAMLError, ValueError) as fault:
        if isinstance(fault, Unreadable):
            raise
        raise NotYaml("at a character that YAML does not allow") from None
    finally:
        loader.dispose()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Nothing that is made here is garbage, and looking for some takes longer than the reading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _where(fault: yaml.MarkedYAMLError) -> str:
    mark = fault.problem_mark
    problem = "".join(c for c in str(fault.problem or "") if c.isprintable())[:120]
    return f"in line {mark.line + 1}, column {mark.column + 1} ({problem})" if mark else f"({problem})"


class _Maker:
    """Makes the tree of a stream of events. One document, one maker."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._anchors: dict[str, _Anchored] = {}
        self._open: set[str] = set()
        self._stack: list[_Frame] = []
        self._root: Any = None
        self._acts = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._begin_mapping,
            yaml.SequenceStartEvent: self._begin_list,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
        }

    def tree_of(self, loader: Any) -> Any:
        while not isinstance(event := loader.get_event(), yaml.DocumentEndEvent | yaml.StreamEndEvent):
            act = self._acts.get(type(event))
            if act is not None:
                act(event)
        if isinstance(event, yaml.DocumentEndEvent) and isinstance(loader.get_event(), yaml.DocumentStartEvent):
            self._say("The file holds several documents: only the first was read")
        return self._root

    def _scalar(self, event: Any) -> None:
        text = event.value
        frame = self._stack[-1] if self._stack else None
        if frame is not None and not frame.has_key and type(frame.value) is dict:
            value: Any = texts.printable(text) if event.style else text
        else:
            value = _value(event, text)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1, 0)
        self._look_at_tag(event)
        self._put(value, size=1, height=0, plain=not event.style)

    def _alias(self, event: Any) -> None:
        if event.anchor in self._open:
            raise Unreadable(refusals.CYCLIC)
        meant = self._anchors.get(event.anchor)
        if meant is None:
            self._say("An anchor that is nowhere defined was left empty")
            meant = _Anchored(None, 1, 0)
        self._put(meant.value, size=meant.size, height=meant.height)

    def _begin_mapping(self, event: Any) -> None:
        self._begin({}, event)

    def _begin_list(self, event: Any) -> None:
        self._begin([], event)

    def _begin(self, value: Any, event: Any) -> None:
        if event.anchor is not None:
            self._open.add(event.anchor)
        self._look_at_tag(event)
        self._stack.append(_Frame(value, event.anchor, self._pointer()))
        bounds.check_depth(len(self._stack))

    def _end(self, event: Any) -> None:
        frame = self._stack.pop()
        for source in reversed(frame.merged):
            for key, each in source.items():
                frame.value.setdefault(key, each)
        if frame.anchor is not None:
            self._open.discard(frame.anchor)
            self._anchors[frame.anchor] = _Anchored(frame.value, frame.size, frame.height)
        self._put(frame.value, size=frame.size, height=frame.height)

    def _put(self, value: Any, *, size: int, height: int, plain: bool = False) -> None:
        """Puts a finished value where it belongs; the first of a pair in a mapping is its key."""
        if not self._stack:
            self._root = value
            return
        frame = self._stack[-1]
        frame.size += size
        bounds.check_nodes(frame.size)
        if height >= frame.height:
            frame.height = height + 1
            bounds.check_depth(len(self._stack) + height)
        if type(frame.value) is list:
            frame.value.append(value)
        elif frame.has_key:
            frame.has_key = False
            self._pair(frame, frame.key, value)
        else:
            frame.has_key = True
            frame.key = self._key(value, plain)

    def _pair(self, frame: _Frame, key: Any, value: Any) -> None:
        if key is _MERGE_KEY:
            sources = value if isinstance(value, list) else [value]
            frame.merged.extend(reversed([each for each in sources if isinstance(each, dict)]))
        elif key is not _NO_KEY:
            if key in frame.value:
                self._tell(json_text.note_twice(key, frame.pointer))
            frame.value[key] = value

    def _key(self, value: Any, plain: bool) -> Any:
        if plain and value == _MERGE:
            return _MERGE_KEY
        if isinstance(value, str):
            return value
        if isinstance(value, dict | list):
            self._say("A key that is no text was left out")
            return _NO_KEY
        return str(value)

    def _pointer(self) -> str:
        if not self._stack:
            return ""
        frame = self._stack[-1]
        if type(frame.value) is list:
            return json_text.step(frame.pointer, len(frame.value))
        return json_text.step(frame.pointer, frame.key if isinstance(frame.key, str) else "")

    def _look_at_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _PLAIN_TAGS:
            self._say("A tag (a type of a programming language) was ignored: what it marks was read as plain data")

    def _say(self, sentence: str) -> None:
        self._tell(Note(sentence, self._pointer()))

    def _tell(self, note: Note) -> None:
        if len(self.notes) < _MOST_TOLD:
            self.notes.append(note)


def _value(event: Any, text: str) -> Any:
    """What a scalar means: only plain ones, and those tagged as a number or truth value, are anything but text."""
    if not event.implicit[0] and event.tag not in _MEANT:
        return texts.printable(text) if event.style == '"' else text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _MAY_BE_NUMBER or len(text) > _LONGEST_NUMBER:
        return text
    if _WHOLE.match(text):
        return json_text.whole(text)
    if _BROKEN.match(text):
        return json_text.broken(text)
    return int(text, 0) if _BASED.match(text) else text
