"""What the event socket says of itself is true: every event of a server at work is as its documents say."""

import json
import subprocess
import urllib.request
from pathlib import Path

import jsonschema_rs
import pytest

from harness.phone import Phone
from harness.server import BINARY

HERE = Path(__file__).parent


def printed(which):
    return json.loads(subprocess.run([str(BINARY), "document", which], check=True, capture_output=True).stdout)


@pytest.fixture(scope="module")
def schema():
    return printed("schema")


def frames(connection):
    """Events in JSON that have come, and come until the connection's command is answered."""
    connection.command("noevents", seconds=60)
    return [json.loads(frame.body) for frame in connection.events if frame.content_type == "text/event-json"]


def wait_for(connection, name, seconds=60, **fields):
    wanted = {key.replace("_", "-"): value for key, value in fields.items()}
    seen = 0
    while True:
        for frame in connection.events[seen:]:
            if frame.content_type != "text/event-json":
                continue
            event = json.loads(frame.body)
            if event.get("Event-Name") == name and all(event.get(key) == value for key, value in wanted.items()):
                return event
        seen = len(connection.events)
        frame = connection.read(seconds)
        assert frame is not None, f"the connection ended before {name}"
        connection.events.append(frame)


def test_the_console_serves_what_the_program_prints(server, schema):
    for which, kind in ("schema", "application/schema+json"), ("asyncapi", "application/json"):
        with urllib.request.urlopen(f"{server.console}/event-socket/{which}.json", timeout=30) as reply:
            assert reply.headers["Content-Type"] == kind
            assert json.load(reply) == printed(which)


def test_the_asyncapi_document_is_one(schema):
    document = printed("asyncapi")
    done = subprocess.run(
        ["node", str(HERE / "node/read_asyncapi.js")], input=json.dumps(document), capture_output=True, text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    operations = json.loads(done.stdout)
    assert operations["ask"] == {"action": "receive", "messages": ["request"], "reply": ["reply"]}
    assert {"CHANNEL_ANSWER", "conference.maintenance", "OTHER"} <= set(operations["tell"]["messages"])
    assert document["components"]["schemas"] == schema["$defs"]


def test_every_event_is_as_the_schema_says(server, phones, schema, tmp_path):
    first, second = phones
    with server.connect() as watch, server.connect() as program:
        watch.command("event json ALL")
        program.command("sendevent CUSTOM\nEvent-Subclass: ours::sent\nAnything: 7")
        # Whatever a program sends under a name of the switch's own is told from what the switch says.
        program.command("sendevent DTMF\nAnything: 7")
        program.api("sched_api +1 none echo due")
        program.api("reloadxml", seconds=60)
        program.command(f"bgapi originate {{origination_caller_id_number=900}}user/{first.user} &bridge(user/{second.user})")
        bridged = wait_for(watch, "CHANNEL_BRIDGE")
        uuid, other = bridged["Bridge-A-Unique-ID"], bridged["Bridge-B-Unique-ID"]
        program.api(f"uuid_setvar {uuid} several ARRAY::one|:two")
        program.api(f"uuid_record {uuid} start {server.recordings}/documents.wav")
        program.api(f"uuid_hold {other}")
        wait_for(watch, "CHANNEL_HOLD")
        program.api(f"uuid_hold off {other}")
        wait_for(watch, "CHANNEL_UNHOLD")
        second.press("7")
        wait_for(watch, "DTMF", DTMF_Digit="7")
        program.api(f"uuid_record {uuid} stop {server.recordings}/documents.wav")
        wait_for(watch, "RECORD_STOP")
        program.api(f"uuid_transfer {uuid} conference:documents@default inline")
        wait_for(watch, "CUSTOM", Event_Subclass="conference::maintenance", Action="add-member")
        program.api("conference documents say nothing")
        program.api(f"uuid_kill {uuid}")
        wait_for(watch, "CHANNEL_DESTROY", Unique_ID=uuid)
        wait_for(watch, "CHANNEL_DESTROY", Unique_ID=other)
        wait_for(watch, "DEL_SCHEDULE")
        third = Phone(tmp_path / "1003", "1003", "1234", server.sip_port, 500, -20)
        try:
            wait_for(watch, "CUSTOM", Event_Subclass="sofia::register")
        finally:
            third.stop()
        events = frames(watch)
    validator = jsonschema_rs.Draft202012Validator(schema)
    kinds = {
        name: jsonschema_rs.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})
        for name in schema["$defs"]
    }
    wrong, met = [], set()
    for event in events:
        if not validator.is_valid(event):
            name = event["Event-Name"]
            kind = event.get("Event-Subclass", name).replace("::", ".")
            of_kind = kinds.get(kind, kinds["OTHER"])
            wrong.append((kind, [error.message for error in of_kind.iter_errors(event)]))
        met.update(kind for kind, of_kind in kinds.items() if of_kind.is_valid(event))
    assert not wrong, wrong
    assert {
        "CHANNEL_CREATE", "CHANNEL_STATE", "CHANNEL_ANSWER", "CHANNEL_EXECUTE", "CHANNEL_BRIDGE", "CHANNEL_HOLD", "DTMF",
        "RECORD_STOP", "CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY", "BACKGROUND_JOB", "API", "RELOADXML", "ADD_SCHEDULE",
        "DEL_SCHEDULE", "conference.maintenance", "sofia.register", "OTHER",
    } <= met, met
    # What is not as it says is found out.
    broken = dict(next(event for event in events if event["Event-Name"] == "CHANNEL_ANSWER"), **{"Channel-State": "CS_NOWHERE"})
    assert not validator.is_valid(broken)


def test_a_gap_is_told_as_the_schema_says(server, schema):
    """A reader that has chosen to lose events, and does not read."""
    kind = jsonschema_rs.Draft202012Validator({"$ref": "#/$defs/event_socket.dropped", "$defs": schema["$defs"]})
    with server.connect() as slow, server.connect() as program:
        slow.command("slow-reader drop")
        slow.command("event json CUSTOM ours::flood")
        body = "x" * 60_000
        event = f"sendevent CUSTOM\nEvent-Subclass: ours::flood\nContent-Length: {len(body)}\n\n{body}"
        gap = None
        for _ in range(40):
            # More than the buffers between the two hold, sooner or later.
            for _ in range(25):
                program.send(event)
                assert program.read().reply.startswith("+OK")
            if dropped(server) > 0:
                break
        else:
            raise AssertionError("nothing was dropped")
        while gap is None:
            event = json.loads(slow.read().body)
            if event["Event-Subclass"] == "event_socket::dropped":
                gap = event
    kind.validate(gap)
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(gap)
    assert int(gap["Dropped-Count"]) > 0 and gap["Last-Sequence"] == gap["Event-Sequence"]
    # Nothing else describes it.
    for broken in ({"Dropped-Count": "many"}, {"First-Sequence": ""}):
        assert not jsonschema_rs.Draft202012Validator(schema).is_valid(gap | broken)


def dropped(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=30) as reply:
        lines = reply.read().decode().split("\n")
    name = 'jackfield_event_socket_slow_reader_total{contract="drop"}'
    return sum(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))
