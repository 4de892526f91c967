"""Pages and desk phones call each other; both hear the other's tone, whatever codec the phone has."""

import time

import pytest

from harness.ear import Recording, assert_tone, gaps, tone_near, until_heard
from harness.web_client import FIRST_TONE

CODECS = {"G.711": "PCMU", "G.722": "G722/16000", "Opus": "opus/48000/2"}


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_a_page_calls_a_phone(client, phone, codec):
    desk = phone("1002", CODECS[codec])
    page = client().registered("1001")
    page.call("1002")
    call = page.wait_state("established")
    assert call["audio"] and not call["video"]
    assert call["callId"], "the call's SIP name is told"
    hear_each_other(page, desk)
    page.terminate()
    assert page.wait_state("terminated")["reason"] == "200 to BYE"
    desk.wait_for("CALL_CLOSED")
    assert_phone_heard(desk)


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_a_phone_calls_a_page(client, phone, codec):
    desk = phone("1002", CODECS[codec])
    page = client().registered("1001")
    desk.command("dial", f"sip:1001@127.0.0.1:{page.server.sip_port}")
    offered = page.wait_incoming()
    assert offered["other"] == "1002@127.0.0.1"
    assert offered["audio"] and not offered["video"]
    desk.wait_for("CALL_RINGING")
    page.answer()
    call = page.wait_state("established")
    assert call["states"] == ["incoming", "accepted", "established"]
    desk.wait_for("CALL_ESTABLISHED")
    hear_each_other(page, desk)
    desk.command("hangup")
    assert page.wait_state("terminated")["reason"] == "200 Session Terminated"
    assert_phone_heard(desk)


def hear_each_other(page, desk):
    page.wait_media()

    def judge(heard):
        settled = heard.got[len(heard.got) // 2 :]
        assert_tone(settled, heard.rate, desk.tone_hz, desk.tone_dbfs, "in the page")
        assert gaps(settled, heard.rate, desk.tone_hz) <= 20

    until_heard(lambda: page.listen(3), judge)


def assert_phone_heard(desk):
    deadline = time.monotonic() + 10
    while not desk.heard():
        assert time.monotonic() < deadline, "the phone wrote no file"
        time.sleep(0.1)
    heard = Recording(desk.heard()[-1])
    samples = heard.channel(0)
    assert_tone(samples[len(samples) // 2 :], heard.rate, *FIRST_TONE, "in the phone")


def test_keys_of_the_page_reach_the_phone(client, phone):
    desk = phone("1002")
    page = client().registered("1001")
    page.call("1002")
    page.wait_state("established")
    page.wait_media()
    # One request may carry several keys.
    for digits in ("5", "#", "42*"):
        page.press(digits)
    desk.wait_for("CALL_DTMF_START", param="*")
    keys = [event["param"] for event in desk.events if event.get("type") == "CALL_DTMF_START"]
    assert keys == list("5#42*")
    page.terminate()
    page.wait_state("terminated")


def test_the_page_puts_the_phone_on_hold(client, phone):
    desk = phone("1002")
    page = client().registered("1001")
    page.call("1002")
    page.wait_state("established")
    hear_each_other(page, desk)
    page.hold()
    page.page.wait("jackfield.summary().calls.at(-1).updates.length === 1", what="an answer to the hold")
    assert page.last_call()["updates"] == [["accepted", None]]

    def is_silent(heard):
        assert tone_near(heard.got, heard.rate, desk.tone_hz)[1] < -60, "on hold the page still hears the phone"

    until_heard(lambda: page.listen(1), is_silent)
    page.unhold()
    page.page.wait("jackfield.summary().calls.at(-1).updates.length === 2", what="an answer to coming back")
    hear_each_other(page, desk)
    page.terminate()
    page.wait_state("terminated")


def test_the_phone_puts_the_page_on_hold(client, phone):
    desk = phone("1002")
    page = client().registered("1001")
    page.call("1002")
    page.wait_state("established")
    hear_each_other(page, desk)
    desk.command("hold")

    def is_silent(heard):
        assert tone_near(heard.got, heard.rate, desk.tone_hz)[1] < -60, "on hold the phone still sends its tone"

    until_heard(lambda: page.listen(1), is_silent)
    desk.command("resume")
    hear_each_other(page, desk)
    assert page.last_call()["state"] == "established"
    page.terminate()
    page.wait_state("terminated")
