"""One sync of a starter project, in a process of its own: started by its path under the SDK's environment.

The first line of stdin is the order (JSON), credentials included: they are nowhere else. stdin stays open; when it
ends, whoever asked is gone, and so is this process. stdout carries JSON lines: {"step": …}, {"counts": …} and one last
{"result": …}. A second sync in one process would hang in SDK 2.13.1: hence one process each.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent
SDK_VERSION = "2.13.1"
BIGGEST_MESSAGE = 128 * 1024 * 1024
FAILED = re.compile(r"failed while executing \w+\(\) error: (?P<sentence>.*?)(?:\n|$)")


class Unusable(RuntimeError):
    """The environment or the project is not what a trial needs; the message says what to do."""


_LOADED: dict[str, ModuleType] = {}


def beside(name: str, folder: Path = HERE) -> ModuleType:
    """A module by its path: the project's own modules must not meet ours by name."""
    if name not in _LOADED:
        spec = importlib.util.spec_from_file_location(f"request_tracker_{name}", folder / f"{name}.py")
        if spec is None or spec.loader is None:
            raise ImportError(name)
        _LOADED[name] = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(_LOADED[name])
    return _LOADED[name]


def main() -> None:
    seen, walls = beside("trial_seen"), beside("trial_walls")
    channel = seen.Channel()
    order = json.loads(sys.stdin.readline())
    limits = order["limits"]
    walls.limit(
        seconds=limits["cpu_seconds"], memory=limits["memory"], file_size=limits["file_size"], files=limits["files"]
    )
    threading.Thread(target=_end_with_whoever_asked, daemon=True).start()
    rows = beside("trial_rows")
    trial = seen.Trial(order, channel, rows=rows, told=beside("trial_told"), wire=beside("trial_wire"))
    sys.excepthook = _last_words(trial)
    trial.tell("Starting the connector")
    # Imported before the walls stand: these libraries look around on the machine.
    sdk, client = _sdk(), importlib.import_module("grpc")
    _listen(trial, sdk.Logging)
    wall = walls.Walls(
        folder=Path(order["scratch"]),
        is_public=beside("public", HERE.parents[1]).is_public,
        is_open=order["origin"] == "source",
        this_machine=order["this_machine"],
    )
    sys.addaudithook(wall)
    project = Path(order["project"])
    sys.path.insert(0, str(project))
    if order["origin"] == "examples":
        _serve_examples(trial, project, wall)
    trial.destination = rows.Destination(Path(order["database"]), clean=trial.cell_cleaner())
    _sync(trial, sdk, client, walls)


def _sdk() -> ModuleType:
    found = importlib.metadata.version("fivetran-connector-sdk")
    if found != SDK_VERSION:
        raise Unusable(f"fivetran-connector-sdk {SDK_VERSION} is needed, {found} is installed")
    constants = importlib.import_module("fivetran_connector_sdk_common.constants")
    # Otherwise run() would listen on every address of this machine, and never return.
    constants.DEBUGGING = True  # type: ignore[attr-defined]
    return importlib.import_module("fivetran_connector_sdk")


def _listen(trial: Any, log: Any) -> None:
    """What a project's log warns of (rows left out, lists that were cut) is what a trial is for."""
    say = log.warning

    def heard(message: Any) -> None:
        trial.warn(str(message))
        say(message)

    log.warning = staticmethod(heard)


def _serve_examples(trial: Any, project: Path, wall: Any) -> None:
    trial.tell("Starting the example server")
    source = _example_source(project)
    address = str(source.start())
    wall.ports = (int(address.rstrip("/").rsplit(":", 1)[1]),)
    trial.configuration = {**trial.configuration, **source.configuration()}


def _example_source(project: Path) -> Any:
    if not (project / "tests" / "example_source.py").is_file():
        raise Unusable("it has no tests/example_source.py to be tried against: give it a configuration with --config")
    return beside("example_source", project / "tests").ExampleSource.of_project(project)


def _sync(trial: Any, sdk: ModuleType, client: ModuleType, walls: ModuleType) -> None:
    holder, port = walls.reserved()
    # A configuration or state given to run() would override what the requests say.
    server = _connector(sdk).run(port, {}, {}, sdk.Logging.Level.INFO)
    options = [("grpc.max_receive_message_length", BIGGEST_MESSAGE), ("grpc.enable_http_proxy", 0)]
    channel = client.insecure_channel(f"127.0.0.1:{port}", options=options)
    messages = importlib.import_module("fivetran_connector_sdk.protos.connector_sdk_pb2")
    stub = importlib.import_module("fivetran_connector_sdk.protos.connector_sdk_pb2_grpc").SourceConnectorStub(channel)
    try:
        _speak(trial, stub, messages)
    except client.RpcError as fault:
        trial.end("failed", _sentence(str(fault.details() or "The connector ended without a word")))
    finally:
        holder.close()
    server.stop(grace=None)
    trial.end("done", _done(trial))


def _connector(sdk: ModuleType) -> Any:
    module = importlib.import_module("connector")
    found = [each for each in vars(module).values() if isinstance(each, sdk.Connector)]
    if not found:
        raise Unusable("connector.py holds no Connector: add `connector = Connector(update=update, schema=schema)`")
    return found[0]


def _speak(trial: Any, stub: Any, messages: ModuleType) -> None:
    common = importlib.import_module("fivetran_connector_sdk.protos.common_pb2")
    stub.ConfigurationForm(common.ConfigurationFormRequest(), timeout=60)
    trial.tell("Asking for the schema")
    schema = stub.Schema(messages.SchemaRequest(configuration=trial.configuration), timeout=60)
    _declare(trial, schema, common)
    state = json.dumps(trial.order["state"] or {})
    request = messages.UpdateRequest(configuration=trial.configuration, state_json=state)
    trial.tell("Reading")
    for answer in stub.Update(request):
        _take(trial, answer, common)
        if trial.is_cut:
            trial.end("done", _done(trial))


def _declare(trial: Any, schema: Any, common: ModuleType) -> None:
    listed = schema.with_schema.schemas if schema.WhichOneof("response") == "with_schema" else [schema.without_schema]
    for group in listed:
        for table in group.tables[: trial.limits["tables"]]:
            columns = {each.name.lower(): beside("trial_wire").declared(each, common) for each in table.columns}
            keys = tuple(each.name.lower() for each in table.columns if each.primary_key)
            trial.destination.declare(beside("trial_wire").named(getattr(group, "name", ""), table.name), columns, keys)


def _take(trial: Any, answer: Any, common: ModuleType) -> None:
    """One message of the update stream."""
    kind = answer.WhichOneof("operation")
    if kind == "structured_records":
        for record in answer.structured_records.structured_records:
            _record(trial, record, common)
    elif kind == "structured_record":
        _record(trial, answer.structured_record, common)
    elif kind == "checkpoint":
        trial.counts["checkpoints"] += 1
        trial.state = json.loads(answer.checkpoint.state_json)
        _count(trial)
    elif kind == "truncate":
        trial.counts["truncates"] += 1
        trial.destination.truncate(beside("trial_wire").named(answer.truncate.schema_name, answer.truncate.table_name))
    elif kind == "schema_change":
        _declare(trial, answer.schema_change, common)
    elif kind in ("warning", "task"):
        trial.warn(_worded(getattr(answer, kind).message))


def _record(trial: Any, record: Any, common: ModuleType) -> None:
    did = {"UPSERT": "upsert", "UPDATE": "update", "DELETE": "delete", "TRUNCATE": "truncate"}
    what = did[common.RecordType.Name(record.type)]
    trial.counts[f"{what}s"] += 1
    name = beside("trial_wire").named(record.schema_name, record.table_name)
    if what == "truncate":
        trial.destination.truncate(name)
        return
    cells = {each.lower(): beside("trial_wire").cell(value) for each, value in record.data.items()}
    getattr(trial.destination, what)(name, cells)
    seen = sum(trial.counts[each] for each in ("upserts", "updates", "deletes"))
    trial.is_cut = seen >= trial.limits["rows"]
    if seen % 100 == 0:
        _count(trial)


def _count(trial: Any) -> None:
    tables = trial.destination.tables.values()
    reached = sum(bool(each.counts) for each in tables)
    trial.channel.say(counts={**trial.counts, "tables": reached, "of": len(tables)})


def _worded(message: str) -> str:
    try:
        said = json.loads(message)
    except ValueError:
        said = message
    return str(said.get("message", "")) if isinstance(said, dict) else str(said)


def _done(trial: Any) -> str:
    if trial.is_cut:
        return f"Stopped after {trial.limits['rows']:,} rows: a trial reads no more. What was read is below."
    return "Every table was read to its end."


def _sentence(details: str) -> str:
    found, lines = FAILED.search(details), details.strip().splitlines() or [""]
    said = found["sentence"] if found else lines[0]
    return f"The sync ended early: {said or lines[-1]}"


def _last_words(trial: Any) -> Any:
    def tell(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        where = list(_places(trace))
        what = "The trial broke off" if trial.counts else "The project could not be started"
        trial.end("failed", f"{what}: {str(fault) or kind.__name__}" + (f" ({where[-1]})" if where else ""))

    return tell


def _places(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        name = Path(trace.tb_frame.f_code.co_filename).name
        if name != Path(__file__).name and not name.startswith("<"):
            yield f"{name}, line {trace.tb_lineno}"
        trace = trace.tb_next


def _end_with_whoever_asked() -> None:
    while sys.stdin.read(4096):
        pass
    os._exit(3)


if __name__ == "__main__":
    main()
