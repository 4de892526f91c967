"""The clients of these tests themselves: what breaks the library of a generation is noticed by ours."""

import json

import pytest

ACCOUNT = "alice@example.org"


@pytest.fixture(scope="module")
def page(browser):
    opened = browser.open()
    opened.wait("!!window.jackfield")
    yield opened
    opened.close()


def rehearse(page, generation, *frames):
    texts = [frame if isinstance(frame, str) else json.dumps(frame) for frame in frames]
    return page.run(f"jackfield.rehearse({json.dumps(generation)}, {json.dumps(ACCOUNT)}, {json.dumps(texts)})")


def state(name, **more):
    return {"sylkrtc": "session-event", "session": "S", "event": "state", "state": name, **more}


def account_event(event, **more):
    return {"sylkrtc": "account-event", "account": ACCOUNT, "event": event, **more}


INCOMING = {"session": "I", "originator": {"uri": "bob@example.org", "display_name": None}, "sdp": "v=0\r\n"}


def test_an_ordinary_call_breaks_nothing(page):
    seen = rehearse(
        page, "d2", state("progress"), state("ringing"), state("proceeding", code=180),
        state("accepted", sdp="{answer}", call_id="x"), state("established"),
    )
    assert seen["crashes"] == [] and seen["unknown"] == []
    call = seen["calls"][0]
    assert call["states"] == ["progress", "ringing", "proceeding", "accepted", "established"]
    assert call["audio"] and not call["video"]


def test_after_early_media_the_call_is_accepted_without_a_description(page):
    seen = rehearse(
        page, "d2", state("early-media", sdp="{answer}", call_id="x"), state("established"), state("accepted"),
    )
    assert seen["crashes"] == []
    assert seen["calls"][0]["states"][-1] == "established", "the answer has to be in place first"


@pytest.mark.parametrize(
    "frame",
    [
        state("accepted", sdp=None),
        state("early-media", sdp=None),
        state("accepted", headers=None),
        account_event("incoming-session", **INCOMING, headers=None),
        account_event("incoming-session", **{**INCOMING, "originator": None}),
        account_event("incoming-session", **{**INCOMING, "sdp": None}),
        account_event("addressbook-fetched", addressbook={"contacts": [], "groups": []}),
        account_event("registration-state", state="failed"),
        {"sylkrtc": "ack", "transaction": "nobody's"},
        {"sylkrtc": "event", "event": "ready"},
        "[",
    ],
    ids=str,
)
def test_what_breaks_the_new_library_is_noticed(page, frame):
    assert len(rehearse(page, "d2", frame)["crashes"]) == 1


def test_a_second_answer_ends_the_call(page):
    seen = rehearse(page, "d2", state("early-media", sdp="{answer}"), state("accepted", sdp="{answer}"))
    assert len(seen["crashes"]) == 1 and seen["crashes"][0].startswith("answer:")
    assert seen["calls"][0]["state"] == "terminated"


def test_events_of_accounts_that_are_not_there_are_dropped(page):
    other = {**account_event("incoming-session", **INCOMING, headers=None), "account": "carol@example.org"}
    seen = rehearse(page, "d2", other)
    assert seen["crashes"] == [] and len(seen["calls"]) == 1


def old(event, **data):
    return {"sylkrtc": "account_event", "account": ACCOUNT, "event": event, "session": "I", "data": data}


def old_state(name, **more):
    return {"sylkrtc": "session_event", "session": "S", "event": "state", "data": {"state": name, **more}}


def test_the_old_library_needs_its_answer_with_accepted(page):
    assert rehearse(page, "d1", old_state("progress"), old_state("accepted", sdp="{answer}"))["crashes"] == []
    assert len(rehearse(page, "d1", old_state("accepted"))["crashes"]) == 1


def test_what_the_old_library_does_not_know_is_noticed(page):
    seen = rehearse(page, "d1", old_state("ringing"), state("progress"), old("incoming_call", caller="b@x", sdp="v=0\r\n"))
    assert len(seen["unknown"]) == 3


def test_the_oldest_page_knows_a_caller_and_no_originator(page):
    seen = rehearse(page, "d0", old("incoming_call", caller="bob@example.org", sdp="v=0\r\n"))
    assert seen["crashes"] == [] and seen["calls"][1]["other"] == "bob@example.org"
    seen = rehearse(page, "d0", old("incoming_session", originator={"uri": "b@x"}, sdp="v=0\r\n"))
    assert len(seen["unknown"]) == 1


def test_a_description_without_directions_is_about_nothing(page):
    sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n{}m=video 9 RTP/AVP 96\r\n{}"
    types = [page.run(f"jackfield.mediaTypes({json.dumps(sdp.format(line, line))})") for line in ("", "a=sendrecv\r\n")]
    assert types == [{"audio": False, "video": False}, {"audio": True, "video": True}]
