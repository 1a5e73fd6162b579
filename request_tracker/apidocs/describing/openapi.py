"""OpenAPI 2.0, 3.0 and 3.1 as a Description: whatever is wrong at one place drops that place and leaves a note."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from request_tracker.apidocs.describing.answers import answer, body, parameter
from request_tracker.apidocs.describing.operations import METHODS, NOTHING, Description, Node, Operation, Parameter
from request_tracker.apidocs.describing.paths import climbs
from request_tracker.apidocs.describing.references import counted
from request_tracker.apidocs.describing.schemas import Schemas, escaped
from request_tracker.apidocs.describing.words import plain, words
from request_tracker.apidocs.load import Loaded
from request_tracker.rules.vendor_api import Note

MOST_OPERATIONS = 20_000
MOST_PARAMETERS = 100
LONGEST_PATH = 2_000
MOST_NOTES = 200
NAMES_OF_HOOKS = frozenset({"hook", "hooks", "webhook", "webhooks"})


def describe(loaded: Loaded) -> Description:
    """What an OpenAPI document describes. Never raises: a document without paths has no operations and a note."""
    tree: Node = loaded.tree if isinstance(loaded.tree, Mapping) else {}
    reader = _Reader(tree)
    operations = tuple(islice(reader.operations(), MOST_OPERATIONS))
    if len(operations) == MOST_OPERATIONS:
        reader.note(f"Only the first {MOST_OPERATIONS:,} operations were read.", "/paths")
    if not operations:
        reader.note("The document describes no operations. Upload the document that lists the API's paths.", "/paths")
    info = reader.schemas.resolve(tree.get("info"))
    outside, dangling = counted(tree, reader.schemas)
    return Description(
        kind=loaded.kind,
        title=plain(info.get("title"), 200),
        version=plain(info.get("version"), 60),
        summary=plain(info.get("description"), 2_000),
        base_urls=_base_urls(tree, reader.schemas),
        schemes=_schemes(tree, reader.schemas),
        security=_requirements(tree.get("security")) or (),
        operations=operations,
        schemas=reader.schemas,
        webhooks=_webhooks(tree, reader.schemas),
        callbacks=sum(1 for operation in operations if operation.callbacks),
        webhook_paths=len({operation.path for operation in operations if _is_about_hooks(operation.path)}),
        external_refs=outside,
        dangling_refs=dangling,
        document=tree,
        warnings=(*loaded.warnings, *reader.notes),
    )


class _Reader:
    """Walks the paths of one document and keeps the notes."""

    def __init__(self, tree: Node) -> None:
        self._tree = tree
        self.schemas = Schemas(tree)
        self.notes: list[Note] = []

    def note(self, sentence: str, pointer: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(Note(sentence, pointer))

    def operations(self) -> Iterator[Operation]:
        paths = self._tree.get("paths")
        if not isinstance(paths, Mapping):
            return
        for path, raw in paths.items():
            pointer = f"/paths/{escaped(path)}"
            if len(path) > LONGEST_PATH:
                self.note(f"A path of {len(path):,} characters was left out.", "/paths")
            elif not path.isprintable():
                self.note("A path with control characters was left out.", "/paths")
            elif climbs(path):
                self.note("A path with . or .. for a part was left out: it leads elsewhere when it is called.", pointer)
            elif not path.startswith("x-"):
                yield from self._of_path(path, raw, pointer)

    def _of_path(self, path: str, raw: Any, pointer: str) -> Iterator[Operation]:
        item = self.schemas.resolve(raw)
        if not item:
            self.note("This path has no readable operations and was left out.", pointer)
        shared = self._parameters(item.get("parameters"), f"{pointer}/parameters")
        base = self.schemas.pointer(item) or pointer
        for method in METHODS:
            if item.get(method) is not None:
                yield from self._operation(path, method, item[method], shared, f"{base}/{method}")

    def _operation(
        self, path: str, method: str, raw: Any, shared: tuple[Parameter, ...], pointer: str
    ) -> Iterator[Operation]:
        if not isinstance(raw, Mapping):
            self.note("This operation is not an object and was left out.", pointer)
            return
        node = self.schemas.resolve(raw)
        own = self._parameters(node.get("parameters"), f"{pointer}/parameters")
        parameters = self._merged(shared, own, pointer)
        schema, example = self._body(node, parameters)
        yield Operation(
            path=path,
            method=method,
            id=plain(node.get("operationId"), 200),
            summary=plain(node.get("summary")),
            description=plain(node.get("description"), 2_000),
            tags=_texts(node.get("tags")),
            is_deprecated=node.get("deprecated") is True,
            parameters=parameters,
            answer=answer(node.get("responses"), self.schemas, f"{pointer}/responses", self._produces(node)),
            statuses=tuple(str(status) for status in self.schemas.resolve(node.get("responses"))),
            body_schema=schema,
            body_example=example,
            security=_requirements(node.get("security")),
            callbacks=len(self.schemas.resolve(node.get("callbacks"))),
            is_outside=not node and _is_outside(raw),
            raw=node,
            pointer=pointer,
        )

    def _parameters(self, raw: Any, pointer: str) -> tuple[Parameter, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, list):
            self.note("These parameters are no list and were left out.", pointer)
            return ()
        if len(raw) > MOST_PARAMETERS:
            self.note(f"Only the first {MOST_PARAMETERS} parameters were read.", pointer)
        found = [parameter(node, self.schemas, f"{pointer}/{at}") for at, node in enumerate(raw[:MOST_PARAMETERS])]
        for at, read in enumerate(found):
            if read is None:
                self.note("This parameter has no usable name or place and was left out.", f"{pointer}/{at}")
        return tuple(read for read in found if read)

    def _merged(self, shared: tuple[Parameter, ...], own: tuple[Parameter, ...], pointer: str) -> tuple[Parameter, ...]:
        merged = {(each.place, each.name): each for each in (*shared, *own)}
        if len(merged) > MOST_PARAMETERS:
            self.note(f"Only the first {MOST_PARAMETERS} parameters were read.", f"{pointer}/parameters")
        return tuple(islice(merged.values(), MOST_PARAMETERS))

    def _body(self, node: Node, parameters: tuple[Parameter, ...]) -> tuple[Node | None, Any]:
        if node.get("requestBody") is not None:
            return body(node["requestBody"], self.schemas)
        whole = next((each for each in parameters if each.place == "body"), None)
        return whole.schema if whole else None, None

    def _produces(self, node: Node) -> tuple[str, ...]:
        return _texts(node["produces"] if "produces" in node else self._tree.get("produces"))


def _base_urls(tree: Node, schemas: Schemas) -> tuple[str, ...]:
    servers = tree.get("servers")
    urls = [_filled(schemas.resolve(server)) for server in servers[:20]] if isinstance(servers, list) else []
    if not urls and isinstance(tree.get("host"), str):
        names = [name for name in _texts(tree.get("schemes")) if name in ("https", "http")] or ["https"]
        base = tree.get("basePath")
        scheme = "https" if "https" in names else names[0]
        urls = [f"{scheme}://{tree['host']}{base if isinstance(base, str) else ''}"]
    return tuple(plain(url, 500).rstrip("/") for url in urls if url)


def _filled(server: Node) -> str:
    url, variables = server.get("url"), server.get("variables")
    if not isinstance(url, str):
        return ""
    for name, variable in list(variables.items())[:20] if isinstance(variables, Mapping) else ():
        default = variable.get("default") if isinstance(variable, Mapping) else None
        if isinstance(default, str | int) and default != "":
            url = url.replace("{" + str(name) + "}", str(default))[:2_000]
    return url


def _schemes(tree: Node, schemas: Schemas) -> dict[str, Node]:
    components = schemas.resolve(tree.get("components"))
    declared = schemas.resolve(components.get("securitySchemes") or tree.get("securityDefinitions"))
    read = {str(name): schemas.resolve(scheme) for name, scheme in islice(declared.items(), 100)}
    return {name: scheme for name, scheme in read.items() if scheme}


def _requirements(raw: Any) -> tuple[Node, ...] | None:
    return tuple(each for each in raw if isinstance(each, Mapping)) if isinstance(raw, list) else None


def _webhooks(tree: Node, schemas: Schemas) -> int:
    named = [schemas.resolve(tree.get(key)) for key in ("webhooks", "x-webhooks")]
    hooks = [schemas.resolve(hook) for hooks in named for hook in hooks.values()]
    return sum(1 for hook in hooks for method in METHODS if isinstance(hook.get(method), Mapping))


def _is_about_hooks(path: str) -> bool:
    return any(NAMES_OF_HOOKS & {segment.lower(), *_webhook_words(segment)} for segment in path.split("/"))


def _webhook_words(segment: str) -> set[str]:
    return {word for word in words(segment) if word.startswith("webhook")} if "{" not in segment else set()


def _is_outside(raw: Node) -> bool:
    reference = raw.get("$ref", NOTHING)
    return isinstance(reference, str) and not reference.startswith("#")


def _texts(raw: Any) -> tuple[str, ...]:
    return tuple(plain(text, 100) for text in raw[:50] if isinstance(text, str)) if isinstance(raw, list) else ()
