"""The AsyncAPI document: read by its authors' parser, and as wide as the events that can be had."""

import json
import subprocess
from pathlib import Path

import pytest

from harness.panel import PASSWORD, USER, Events, Rest
from harness.panel_documents import Answers, Messages, document
from harness.server import Server

NODE = Path(__file__).resolve().parents[1] / "node"


def read(text):
    return subprocess.run(["node", NODE / "read_asyncapi.js"], input=text, capture_output=True, text=True, timeout=100)


@pytest.fixture(scope="module")
def asyncapi(server):
    return document(server.panel, "asyncapi", USER, PASSWORD)


@pytest.mark.timeout(240)
def test_the_document_is_asyncapi(asyncapi):
    reader = read(json.dumps(asyncapi))
    assert reader.returncode == 0, reader.stdout + reader.stderr
    operations = json.loads(reader.stdout)
    assert operations["setFilter"] == {"action": "receive", "messages": ["filter"], "reply": ["success", "error"]}
    assert operations["tell"]["action"] == "send"
    assert {"hangup", "linkEnd", "userStatus", "parkEnd"} < set(operations["tell"]["messages"])
    assert operations["stream"]["messages"] == operations["tell"]["messages"]


@pytest.mark.timeout(240)
def test_the_reader_finds_what_is_wrong(asyncapi):
    broken = json.loads(json.dumps(asyncapi))
    broken["operations"]["tell"]["action"] = "shout"
    assert read(json.dumps(broken)).returncode == 1
    broken = json.loads(json.dumps(asyncapi))
    del broken["components"]["messages"]["hangup"]
    assert read(json.dumps(broken)).returncode == 1


def test_replies_are_as_it_says(server, asyncapi):
    # The client holds every message against the document.
    client = Events(server.panel)
    for said, kind in [
        ({"type": "filter", "correlationId": 7, "filters": [{"property": "type", "value": "dial"}]}, "success"),
        ({"type": "filter", "correlationId": None}, "success"),
        ({"type": "filter", "correlationId": True, "filters": [{"property": 1}]}, "error"),
        ({"type": "subscribe", "correlationId": "s"}, "error"),
    ]:
        client.say(said)
        correlation = said["correlationId"]
        reply = client.until(lambda m: m["correlationId"] == correlation and type(m["correlationId"]) is type(correlation))
        assert reply["type"] == kind
        client.messages.remove(reply)
    client.close()


def test_what_is_not_as_it_says_is_noticed(asyncapi):
    schemas = Messages(asyncapi)
    dnd = {"type": "extensionDnd", "time": 1, "coreServerId": "c", "extensionId": "e", "extensionNumber": "201",
           "userId": None, "username": None, "enabled": True}
    assert schemas.fault(dnd) is None
    for wrong in [{"enabled": "true"}, {"extensionId": None}, {"time": 1.5}, {"did": None}, {"type": "dnd"}]:
        assert schemas.fault({**dnd, **wrong}), wrong


def test_answers_that_are_not_as_it_says_are_noticed(server):
    answers = Answers(document(server.panel, "openapi", USER, PASSWORD))
    brand = "communication_manager/rest/config/server/brand"
    said = json.dumps({"name": "a", "version": "b", "build": "c"})
    assert answers.fault("GET", brand, 200, "application/json", said) is None
    assert answers.fault("GET", brand.replace("rest/config", "api/resource"), 200, "application/json", "{}")
    for status, kind, text in [(200, "application/json", "{}"), (200, "text/html", said), (204, None, ""), (404, "text/plain", "x")]:
        assert answers.fault("GET", brand, status, kind, text), (status, kind, text)
    mixed = "communication_manager/rest/live/coreServers/getByName/default/extensions/e/originate"
    assert answers.fault("POST", mixed, 204, None, "") is None
    assert answers.fault("POST", mixed, 204, None, "x") and answers.fault("POST", mixed, 200, None, "")


def test_types_that_are_off_are_not_in_it(tmp_path):
    running = Server(tmp_path / "run", panel="extended_events = false")
    try:
        schemas = document(running.panel, "asyncapi", USER, PASSWORD)["components"]["schemas"]
        assert "hangup" in schemas and "hold" not in schemas
        assert Rest(running.panel).ask("POST", "rest/asyncapi.json", {})[0] == 405
    finally:
        running.stop()
