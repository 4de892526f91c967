"""The connection of a page: pings, losing it, loading the page again."""

import time

from harness.ear import assert_tone, until_heard
from harness.web_client import FIRST_TONE


def test_pings_are_answered_at_once(client):
    page = client().registered("1001")
    time.sleep(11)
    asked, answered = {}, {}
    for way, at, message in page.frames():
        if way == "sent" and message["sylkrtc"] == "ping":
            asked[message["transaction"]] = at
        elif message["sylkrtc"] == "ack" and message["transaction"] in asked:
            answered[message["transaction"]] = at - asked[message["transaction"]]
    assert len(asked) >= 2
    assert len(answered) == len(asked), "a ping without an answer"
    assert max(answered.values()) < 1000, answered
    assert page.summary()["link"] == "ready"


def test_a_page_that_is_loaded_again_hangs_up_and_can_call_again(client, phone):
    desk = phone("1002")
    page = client().registered("1001")
    page.call("1002")
    page.wait_state("established")
    page.page.reload()
    desk.wait_for("CALL_CLOSED", 45)
    page.page.wait("!!window.jackfield", what="the test client")
    page.connect()
    page.registered("1001")
    page.call("9196")
    page.wait_state("established")
    page.wait_media()
    until_heard(
        lambda: page.listen(2),
        lambda heard: assert_tone(heard.got[len(heard.got) // 2 :], heard.rate, *FIRST_TONE, "echo"),
    )
    page.terminate()
    page.wait_state("terminated")


def test_a_client_that_comes_back_starts_from_zero(client):
    page = client().registered("1001")
    page._run("dropSocket")
    page.page.wait("jackfield.summary().links.filter((state) => state === 'ready').length === 2", 20, "ready again")
    assert page.summary()["waits"] == [0.5, 1]
    page.registered("1001")


def test_a_second_page_of_the_same_account_rings_too(client, second_browser, phone):
    desk = phone("1003", answers=False)
    first = client().registered("1001")
    second = client("d2", second_browser).registered("1001")
    desk.command("dial", f"sip:1001@127.0.0.1:{first.server.sip_port}")
    first.wait_incoming()
    second.wait_incoming()
    second.answer()
    second.wait_state("established")
    # Answered elsewhere: it ends for the other one, and is not missed.
    first.wait_state("terminated")
    time.sleep(0.5)
    assert first.summary()["missed"] == []
    second.terminate()
    second.wait_state("terminated")
