"""Pages in a room whose connection to the gateway breaks: for a while they may come back."""

import pytest

from harness.link import Link
from harness.server import Server
from harness.web_client import FIRST_TONE, SECOND_TONE, WebClient
from harness.web_room import Participant
from test_rooms import assert_hears

# How long the server waits for a page; one that comes back needs a second or two.
GRACE_S = 8.0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server") / "run", door=f'grace = "{GRACE_S:.0f}s"')
    yield running
    running.stop()


@pytest.fixture
def link(server):
    made = Link(server.gateway_port)
    yield made
    made.stop()


@pytest.fixture
def pair(client, second_browser, server, link):
    """Two pages in a room that hear each other; the second one's connection can be cut."""
    first = Participant(client().registered("1001"), video=True)
    other = WebClient(second_browser, server, gateway=f"ws://127.0.0.1:{link.port}/webrtcgateway/ws").registered("1002")
    second = Participant(other, video=True)
    first.wait_publisher("1002@127.0.0.1")
    first.attach(second.id)
    second.attach(first.id)
    assert_hears(first, {second.id: SECOND_TONE})
    assert_hears(second, {first.id: FIRST_TONE})
    yield first, second
    other.close()


def now_ms(participant):
    return participant.client.page.run("performance.now()")


def left_at(participant):
    """When the page was told of somebody's leaving, by its own clock."""
    events = participant.summary()["events"]
    return [event["at"] for event in events if event["event"] == "publishers-left"]


def test_a_page_that_does_not_come_back_leaves_after_the_grace(pair, link, client):
    first, second = pair
    cut_at = now_ms(first)
    link.cut(for_good=True)
    told = first.wait_told("publishers-left", seconds=GRACE_S + 60)
    assert told["publishers"] == [second.id]
    waited = (left_at(first)[0] - cut_at) / 1000
    assert GRACE_S - 0.5 <= waited <= GRACE_S + 5, f"told after {waited:.1f} s"
    assert first.publishers() == {}
    # The room goes on without it.
    third = Participant(client().registered("1003"), video=True)
    assert [one["uri"] for one in third.told("initial-publishers")[0]["publishers"]] == ["1001@127.0.0.1"]
    first.wait_publisher("1003@127.0.0.1")


def test_a_page_that_comes_back_is_still_there(pair, link):
    first, second = pair
    page = second.client
    token = page.answer_to_add["resume_token"]
    link.cut()
    page.page.wait("jackfield.summary().links.filter((state) => state === 'ready').length === 2", 20, "ready again")
    page.add("1002", previous_session_token=token)
    assert page.answer_to_add["resumed"] is True
    assert page.answer_to_add["resume_token"] != token, "a token is good once"
    # It is where it was: heard, seen, told, and asked under the same name.
    assert_hears(first, {second.id: SECOND_TONE})
    assert_hears(second, {first.id: FIRST_TONE})
    first.wait_frames(second.id)
    second.wait_frames(first.id)
    second.ask("videoroom-toggle-hand")
    for one in pair:
        one.wait_told("raised-hands", where=f"one.raised_hands.join() === '{second.id}'")
    # The time is over that it had to come back, and nobody was told that it left.
    first.client.page.wait(f"performance.now() > {now_ms(first) + 1000 * GRACE_S}", seconds=GRACE_S + 5)
    assert left_at(first) == []
    assert_hears(first, {second.id: SECOND_TONE})
    assert page.summary()["crashes"] == []
    second.leave()
    assert first.wait_told("publishers-left")["publishers"] == [second.id]
