"""Calls by SIPp as a panel is told of them: answered, refused, given up, to a conference, to a queue, many at once."""

import pytest

from harness.panel import Events, Rest
from harness.phone import Phone
from harness.sipp import Sipp

LIVE = "rest/live/coreServers/getByName/default"
OF_CALLS = (
    "dial", "dialEnd", "link", "linkEnd", "hangup", "confRoomCallJoin", "confRoomCallLeave", "queueCallJoin",
    "queueCallLeave")


@pytest.fixture
def rest(server):
    return Rest(server.panel)


@pytest.fixture
def events(server):
    client = Events(server.panel)
    client.filter(*(("type", kind) for kind in OF_CALLS))
    yield client
    client.close()


@pytest.fixture
def phone(server, tmp_path):
    """1002, who answers when a test says so."""
    phone = Phone(tmp_path / "1002", "1002", "1234", server.sip_port, 1000.0, -18.0, answers=False)
    try:
        yield phone.registered()
    finally:
        phone.stop()


@pytest.fixture
def call(server, tmp_path):
    """Begins a scenario of 1003's telephone."""

    def begin(scenario, callee, **settings):
        folder = tmp_path / "sipp"
        folder.mkdir()
        return Sipp(server, scenario, folder, callee=callee, audio_port=9, **settings)

    return begin


def ended(events, calls):
    """Everything there was until so many parties had hung up."""
    events.until(lambda _: events.types().count("hangup") >= calls)
    return [message for message in events.messages if message["type"] in OF_CALLS]


def parties(messages, kind):
    return [message["extensionNumber"] for message in messages if message["type"] == kind]


def test_answered_and_ended_by_the_caller(phone, call, rest, events):
    sipp = call("uac", "1002", talk_ms=1000)
    dial = events.event("dial")
    # The ids lead somewhere while it rings.
    segments = [dial["callSegmentId1"], dial["callSegmentId2"]]
    found = [rest.get(f"{LIVE}/callSegments/{segment}") for segment in segments]
    assert [segment["incoming"] for segment in found] == [False, True]
    assert found[0]["callerId"]["number"] == "1003"
    phone.wait_for("CALL_INCOMING")
    phone.command("accept")
    sipp.finish()
    messages = ended(events, 2)
    assert [m["type"] for m in messages] == ["dial", "dialEnd", "link", "linkEnd", "hangup", "hangup"]
    assert parties(messages, "hangup") == ["1003", "1002"]
    link = events.event("link")
    assert [link["callSegmentId1"], link["callSegmentId2"]] == segments
    assert [rest.get(f"{LIVE}/callSegments/{segment}") for segment in segments] == [None, None]


def test_refused_by_the_called_one(phone, call, events):
    sipp = call("refused", "1002")
    phone.wait_for("CALL_INCOMING")
    phone.command("hangup")
    sipp.finish()
    messages = ended(events, 2)
    assert [m["type"] for m in messages] == ["dial", "dialEnd", "hangup", "hangup"]
    assert parties(messages, "hangup") == ["1002", "1003"]


def test_given_up_by_the_caller(phone, call, events):
    sipp = call("cancel", "1002")
    phone.wait_for("CALL_INCOMING")
    sipp.finish()
    messages = ended(events, 2)
    assert [m["type"] for m in messages] == ["dial", "dialEnd", "hangup", "hangup"]
    assert sorted(parties(messages, "hangup")) == ["1002", "1003"]


def test_into_a_conference_and_out(call, rest, events):
    sipp = call("uac", "3000", talk_ms=1500)
    join = events.event("confRoomCallJoin")
    room = f"{LIVE}/conferences/{join['conferenceRoomId']}"
    assert [segment["id"] for segment in rest.get(f"{room}/callSegments")] == [join["callSegmentId"]]
    sipp.finish()
    messages = ended(events, 1)
    assert [m["type"] for m in messages] == ["confRoomCallJoin", "confRoomCallLeave", "hangup"]
    assert {m["callSegmentId"] for m in messages} == {join["callSegmentId"]}


def test_away_from_a_queue(call, rest, events):
    for agent in rest.get(f"{LIVE}/queues/getByName/5001/agents"):
        rest.do("POST", f"{LIVE}/queues/getByName/5001/agents/{agent['id']}/logout")
    sipp = call("uac", "5001", talk_ms=1500)
    join = events.event("queueCallJoin")
    assert join["position"] == 1
    sipp.finish()
    messages = ended(events, 1)
    assert [m["type"] for m in messages] == ["queueCallJoin", "queueCallLeave", "hangup"]
    leave = events.event("queueCallLeave")
    assert (leave["reason"], leave["callSegmentId"]) == ("ABANDONED", join["callSegmentId"])


def test_many_at_once_keep_their_own_order(call, events):
    calls = 40
    call("uac", "3000", talk_ms=1000, calls=calls, rate=40).finish()
    messages = ended(events, calls)
    times = [message["time"] for message in messages]
    assert times == sorted(times)
    by_call = {}
    for message in messages:
        by_call.setdefault(message["callSegmentId"], []).append(message["type"])
    assert len(by_call) == calls
    assert all(kinds == ["confRoomCallJoin", "confRoomCallLeave", "hangup"] for kinds in by_call.values()), by_call
