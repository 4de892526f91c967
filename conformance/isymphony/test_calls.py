"""Events of calls of two baresip telephones, their ids, and what a panel does to them."""

import json
import time
import urllib.request

import pytest

from harness.panel import Events, Rest

LIVE = "rest/live/coreServers/getByName/default"
QUIET = ("extensionState", "agentState", "callerId")
CALL = ["dial", "dialEnd", "link", "linkEnd", "hangup", "hangup"]


@pytest.fixture
def rest(server):
    return Rest(server.panel)


@pytest.fixture
def events(server):
    client = Events(server.panel)
    yield client
    client.close()


def count(kind, times):
    return lambda client: client.types().count(kind) >= times


def wait(client, so, what):
    deadline = time.monotonic() + 20
    while not so(client):
        assert time.monotonic() < deadline, f"{what}; there were {client.types()}"
        time.sleep(0.02)


def until_gone(rest):
    deadline = time.monotonic() + 20
    while rest.get(f"{LIVE}/callSegments"):
        assert time.monotonic() < deadline, "a call does not end"
        time.sleep(0.05)


def test_filters_over_a_call(server, phones, rest, events):
    one, two = phones
    links, ana, printed = (Events(server.panel) for _ in range(3))
    links.filter(("type", "link"), ("type", "linkEnd"))
    ana.filter(("type", "hangup"), ("username", "1001"))
    # As the manual prints it.
    printed.say('{ "type" : "filter", "filters" : [ {"property" : "type" : "value" : "dial"}, ... ] }')
    printed.until(lambda m: m["type"] == "success")
    one.command("dial", "1002")
    link = events.event("link")
    assert (link["extensionNumber1"], link["extensionNumber2"]) == ("1001", "1002")
    one.command("hangup")
    wait(events, count("hangup", 2), "two hangups")
    assert events.types(*QUIET) == CALL
    hung_up = [m["extensionNumber"] for m in events.messages if m["type"] == "hangup"]
    assert hung_up == ["1001", "1002"]
    times = [m["time"] for m in events.messages]
    assert times == sorted(times) and times[0] > 1_600_000_000_000
    ana.event("hangup")
    links.event("linkEnd")
    assert links.types() == ["link", "linkEnd"]
    assert ana.types() == ["hangup"]
    assert printed.types() == ["success", "dial"]
    for client in (links, ana, printed):
        client.close()
    until_gone(rest)


def test_ids_of_events_are_those_of_the_live_api(phones, rest, events):
    one, _ = phones
    one.command("dial", "1002")
    link = events.event("link")
    assert rest.get(LIVE)["id"] == link["coreServerId"]
    for side in "12":
        segment = rest.get(f"{LIVE}/callSegments/{link['callSegmentId' + side]}")
        assert segment["type"] == "INTERNAL" and segment["incoming"] is (side == "2")
        assert segment["callerId"]["number"] == link["callerIdNumber" + side]
        extension = rest.get(f"{LIVE}/extensions/{link['extensionId' + side]}")
        assert extension == rest.get(f"{LIVE}/extensions/getByName/{link['extensionNumber' + side]}")
        assert rest.get(f"{LIVE}/users/{link['userId' + side]}")["userName"] == link["username" + side]
    one.command("hangup")
    until_gone(rest)
    assert rest.get(f"{LIVE}/callSegments/{link['callSegmentId1']}") is None


def test_what_a_panel_does_to_a_call(server, phones, rest, events):
    one, two = phones
    rest.do("POST", f"{LIVE}/extensions/getByName/1001/originate", {"destination": "1002"})
    link = events.event("link")
    segment = f"{LIVE}/callSegments/{link['callSegmentId1']}"
    two.wait_for("CALL_ESTABLISHED")
    rest.do("POST", f"{segment}/hold")
    events.event("hold")
    assert rest.get(segment)["onHold"] is True
    rest.do("POST", f"{segment}/unhold")
    events.event("holdEnd")
    rest.do("POST", f"{segment}/startRecording")
    events.event("recordStart")
    rest.do("POST", f"{segment}/mute")
    rest.do("POST", f"{segment}/unmute")
    rest.do("POST", f"{segment}/stopRecording")
    events.event("recordEnd")
    assert list(server.recordings.glob("panel-*.wav"))
    # The other one goes on to a conference.
    other = f"{LIVE}/callSegments/{link['callSegmentId2']}"
    rest.do("POST", f"{other}/transfer", {"destination": "3000"})
    join = events.event("confRoomCallJoin")
    assert (join["extensionNumber"], join["conferenceRoomName"]) == ("1002", "3000")
    room = f"{LIVE}/conferences/{join['conferenceRoomId']}"
    assert rest.get(f"{room}/callSegments")[0]["id"] == link["callSegmentId2"]
    rest.do("POST", f"{other}/mute")
    events.event("confRoomCallMute")
    rest.do("POST", f"{other}/hangup")
    events.event("confRoomCallLeave")
    two.wait_for("CALL_CLOSED")
    until_gone(rest)
    status, text, _ = rest.ask("POST", f"{other}/hangup")
    assert (status, text) == (404, "No call segment with the given id exists.")


def test_actions_that_make_no_sense(phones, rest):
    originate = f"{LIVE}/extensions/getByName/1001/originate"
    assert rest.ask("POST", originate, {})[:2] == (412, "No destination provided.")
    assert rest.ask("POST", originate, b"{")[:2] == (412, "Invalid JSON.")
    assert rest.ask("POST", f"{LIVE}/extensions/getByName/999/originate", {})[0] == 404
    status, text, _ = rest.ask("POST", f"{LIVE}/extensions/getByName/1005/originate", {"destination": "1001"})
    assert (status, text) == (500, "The call failed with USER_NOT_REGISTERED.")


def test_server_sent_events_go_on_where_they_were(server, phones, rest, events):
    one, _ = phones
    url = f"http://{server.panel}/communication_manager/sse/event?type=link&type=hangup"

    def stream(after=None):
        request = urllib.request.Request(url, headers=dict(Rest(server.panel)._headers))
        if after:
            request.add_header("Last-Event-ID", after)
        return urllib.request.urlopen(request, timeout=30)

    def event(lines):
        id = None
        for line in lines:
            line = line.decode().strip()
            if line.startswith("id: "):
                id = line[4:]
            if line.startswith("data: "):
                return id, json.loads(line[6:])

    with stream() as lines:
        one.command("dial", "1002")
        id, link = event(lines)
        assert link["type"] == "link"
    one.command("hangup")
    events.event("hangup", extensionNumber="1002")
    with stream(id) as lines:
        assert [event(lines)[1]["type"] for _ in range(2)] == ["hangup", "hangup"]
    until_gone(rest)


def test_live_ids_end_with_the_server(server, rest):
    before = rest.get(f"{LIVE}/extensions/getByName/1001")
    core = rest.get(LIVE)["configurationId"]
    server.restart()
    assert rest.get(f"{LIVE}/extensions/{before['id']}") is None
    after = rest.get(f"{LIVE}/extensions/getByName/1001")
    assert after["id"] != before["id"]
    assert after["configurationId"] == before["configurationId"]
    kept = rest.get(f"rest/config/asterisk/{core}/extensions/{before['configurationId']}")
    assert kept["extension"] == "1001"
