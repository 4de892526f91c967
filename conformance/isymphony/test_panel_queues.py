"""Queues, parking and do-not-disturb by a panel, with two baresip telephones."""

import time

import pytest

from harness.panel import Events, Rest

LIVE = "rest/live/coreServers/getByName/default"
QUEUE = f"{LIVE}/queues/getByName/5001"
OF_CALLS = ("agentLogin", "agentLogout", "queueCallJoin", "queueCallLeave", "dial", "dialEnd", "link", "linkEnd", "hangup")


@pytest.fixture
def rest(server):
    return Rest(server.panel)


@pytest.fixture
def events(server, rest):
    """Nobody is at work, and only calls and agents are told of."""
    for agent in rest.get(f"{QUEUE}/agents"):
        rest.do("POST", f"{QUEUE}/agents/{agent['id']}/logout")
    client = Events(server.panel)
    client.filter(*(("type", kind) for kind in (*OF_CALLS, "park", "parkEnd", "extensionDnd", "agentPause", "agentUnpause")))
    yield client
    client.close()


def until_gone(rest):
    deadline = time.monotonic() + 20
    while rest.get(f"{LIVE}/callSegments"):
        assert time.monotonic() < deadline, "a call does not end"
        time.sleep(0.05)


def test_a_caller_waits_until_a_panel_logs_somebody_in(phones, rest, events):
    caller, agent = phones
    caller.command("dial", "5001")
    join = events.event("queueCallJoin")
    queue = rest.get(QUEUE)
    assert (join["queueId"], join["queue"], join["position"]) == (queue["id"], queue["displayName"], 1)
    assert rest.get(f"{QUEUE}/callSegments")[0]["id"] == join["callSegmentId"]
    rest.do("POST", f"{QUEUE}/login", {"extensionNumber": "1002"})
    link = events.event("link")
    assert (link["extensionNumber1"], link["extensionNumber2"]) == ("1001", "1002")
    assert rest.get(f"{QUEUE}/callSegments") == []
    [place] = rest.get(f"{QUEUE}/agents")
    assert (place["extensionNumber"], place["state"], place["paused"]) == ("1002", "INUSE", False)
    agent.wait_for("CALL_ESTABLISHED")
    agent.command("hangup")
    events.event("hangup", extensionNumber="1001")
    assert events.types() == [
        "queueCallJoin", "agentLogin", "dial", "dialEnd", "queueCallLeave", "link", "linkEnd", "hangup", "hangup"]
    leave = events.event("queueCallLeave")
    assert (leave["reason"], leave["callSegmentId"]) == ("ANSWERED", join["callSegmentId"])
    # Whoever hung up is told first.
    assert [m["extensionNumber"] for m in events.messages if m["type"] == "hangup"] == ["1002", "1001"]
    until_gone(rest)


def test_an_agent_who_pauses_is_not_called(phones, rest, events):
    caller, _ = phones
    rest.do("POST", f"{QUEUE}/login", {"extensionNumber": "1002", "paused": True, "penalty": 2})
    [place] = rest.get(f"{QUEUE}/agents")
    assert (place["paused"], place["penalty"]) == (True, 2)
    caller.command("dial", "5001")
    events.event("queueCallJoin")
    time.sleep(1.5)
    assert "dial" not in events.types()
    rest.do("POST", f"{QUEUE}/agents/{place['id']}/unpause")
    events.event("link")
    caller.command("hangup")
    events.event("hangup", extensionNumber="1001")
    rest.do("POST", f"{QUEUE}/logout", {"extensionNumber": "1002"})
    logout = events.event("agentLogout")
    assert (logout["agentId"], logout["username"]) == (place["id"], "1002")
    until_gone(rest)


def test_a_call_is_parked_and_taken_out(phones, rest, events):
    one, two = phones
    one.command("dial", "1002")
    link = events.event("link")
    segment = f"{LIVE}/callSegments/{link['callSegmentId1']}"
    rest.do("POST", f"{segment}/park")
    park = events.event("park")
    assert (park["callSegmentId"], park["extensionNumber"]) == (link["callSegmentId1"], "1001")
    lot = rest.get(f"{LIVE}/parkingLots/{park['parkingLotId']}")
    assert lot["name"] == park["parkingLot"]
    assert rest.get(f"{LIVE}/parkingLots/{lot['id']}/callSegments")[0]["id"] == park["callSegmentId"]
    rest.do("POST", f"{segment}/hangup")
    end = events.event("parkEnd")
    assert (end["slot"], end["reason"]) == (park["slot"], "HANGUP")
    until_gone(rest)


def test_who_wants_no_calls_is_not_rung(phones, rest, events):
    one, _ = phones
    rest.do("POST", f"{LIVE}/extensions/getByName/1002/enableDnd")
    assert events.event("extensionDnd")["enabled"] is True
    one.command("dial", "1002")
    events.event("hangup", extensionNumber="1001")
    assert "dial" not in events.types()
    rest.do("POST", f"{LIVE}/extensions/getByName/1002/disableDnd")
    events.event("extensionDnd", enabled=False)
    until_gone(rest)
