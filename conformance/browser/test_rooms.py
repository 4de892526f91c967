"""Pages and telephones in video rooms: everybody hears and sees the others, and is told what happens."""

import time

import pytest

from harness.ear import Recording, assert_tone, gaps, tone_near, until_heard
from harness.web_client import FIRST_TONE, SECOND_TONE, WebClient
from harness.web_room import ROOM, Participant

# What the third page sends: hertz and dBFS.
THIRD_TONE = (1600.0, -20.0)
MADE = {"hertz": THIRD_TONE[0], "level": THIRD_TONE[1]}


@pytest.fixture
def two(client, second_browser):
    """Two pages in a room."""
    first = Participant(client().registered("1001"), video=True)
    second = Participant(client("d2", second_browser).registered("1002"), video=True)
    first.wait_publisher("1002@127.0.0.1")
    return first, second


def assert_hears(participant, tones):
    """Each of the others is heard through its feed, and nobody else but for what coders add."""
    until_heard(participant.listen, lambda heard: judge_feeds(participant, heard, tones))


def judge_feeds(participant, heard, tones):
    assert set(heard) == set(tones)
    for publisher, tone in tones.items():
        got = heard[publisher]
        settled = got.got[len(got.got) // 3 :]
        assert_tone(settled, got.rate, *tone, f"{participant.client.account} hears {publisher}")
        assert gaps(settled, got.rate, tone[0]) <= 20, f"{participant.client.account} hears {publisher}"
        for other, another in tones.items():
            if other != publisher:
                assert tone_near(settled, got.rate, another[0])[1] < -45, f"{other} is heard in the feed of {publisher}"


def assert_phone_heard(desk, tones):
    desk.wait_for("CALL_CLOSED")
    deadline = time.monotonic() + 10
    while not desk.heard():
        assert time.monotonic() < deadline, "the phone wrote no file"
        time.sleep(0.1)
    heard = Recording(desk.heard()[-1])
    samples = heard.channel(0)
    middle = samples[len(samples) // 2 : -heard.rate // 2]
    for tone in tones:
        assert_tone(middle, heard.rate, *tone, "in the phone")


def test_pages_of_both_generations_and_an_invited_phone(client, second_browser, phone):
    desk = phone("1004")
    desk_tone = (desk.tone_hz, desk.tone_dbfs)
    first = Participant(client().registered("1001"), video=True)
    second = Participant(client("d2", second_browser).registered("1002"), video=True)
    third = Participant(client("d1", second_browser).registered("1003"), video=True, **MADE)
    pages = {"1001": (first, FIRST_TONE), "1002": (second, SECOND_TONE), "1003": (third, THIRD_TONE)}
    for one, _ in pages.values():
        one.wait_state("established")
    assert third.told("initial-publishers")[0]["publishers"][0]["uri"] == "1001@127.0.0.1"
    tones = {one.id: tone for one, tone in pages.values()}
    for one, _ in pages.values():
        for other, (publisher, _) in pages.items():
            if publisher is not one:
                assert one.wait_publisher(f"{other}@127.0.0.1")["id"] == publisher.id
                one.attach(publisher.id)
    for one, _ in pages.values():
        for publisher in tones:
            if publisher != one.id:
                one.wait_frames(publisher)

    first.ask("videoroom-invite", participants=["1004@127.0.0.1"])
    desk.wait_for("CALL_ESTABLISHED")
    assert first.wait_told("invite-status", where="one.code === 200")["participant"] == "1004@127.0.0.1"
    called = first.wait_publisher("1004@127.0.0.1")
    assert called["type"] == "sip"
    tones[called["id"]] = desk_tone
    for one, _ in pages.values():
        assert one.wait_publisher("1004@127.0.0.1")["id"] == called["id"]
        one.attach(called["id"])
    for one, _ in pages.values():
        assert_hears(one, {publisher: tone for publisher, tone in tones.items() if publisher != one.id})
    desk.command("hangup")
    for one, _ in pages.values():
        assert one.wait_told("publishers-left")["publishers"] == [called["id"]]
    assert_phone_heard(desk, [FIRST_TONE, SECOND_TONE, THIRD_TONE])


def test_a_phone_dials_the_address_of_the_room(client, phone):
    desk = phone("1004", through_server=True)
    page = Participant(client().registered("1001"), video=True)
    page.wait_state("established")
    desk.command("dial", f"sip:{ROOM}")
    desk.wait_for("CALL_ESTABLISHED")
    caller = page.wait_publisher("1004@127.0.0.1")
    assert caller["type"] == "sip"
    page.attach(caller["id"])
    assert_hears(page, {caller["id"]: (desk.tone_hz, desk.tone_dbfs)})
    desk.command("hangup")
    assert page.wait_told("publishers-left")["publishers"] == [caller["id"]]
    assert_phone_heard(desk, [FIRST_TONE])


def test_pictures_pause_and_come_back(two):
    first, second = two
    first.attach(second.id)
    second.attach(first.id)
    for one, other in (two, two[::-1]):
        one.wait_frames(other.id)

    first.update_feed(second.id, video=False)
    time.sleep(0.5)
    assert first.frames_within(second.id, 1) == 0, "a paused feed still shows pictures"
    assert second.frames_within(first.id, 1) > 5, "the other feed goes on"
    assert_hears(first, {second.id: SECOND_TONE})
    first.update_feed(second.id, video=True)
    first.wait_frames(second.id, seconds=5)

    # The publisher itself.
    second.update(video=False, audio=False)
    time.sleep(0.5)
    assert first.frames_within(second.id, 1) == 0, "pictures of a paused publisher"

    def is_silent(heard):
        silent = heard[second.id]
        assert tone_near(silent.got, silent.rate, SECOND_TONE[0])[1] < -60, "sound of a paused publisher"

    until_heard(lambda: first.listen(1), is_silent)
    second.update(video=True, audio=True)
    first.wait_frames(second.id, seconds=5)
    assert_hears(first, {second.id: SECOND_TONE})

    first.detach(second.id)
    first.attach(second.id)
    first.wait_frames(second.id)


def test_everybody_is_told_what_happens(two, client, second_browser):
    first, second = two
    third = Participant(client("d1", second_browser).registered("1003"), video=True, **MADE)
    everybody = (first, second, third)
    for one in (first, second):
        one.wait_publisher("1003@127.0.0.1")

    first.ask("videoroom-configure", active_participants=[second.id])
    for one in everybody:
        told = one.wait_told("configure")
        assert (told["originator"], told["active_participants"]) == (first.id, [second.id])
    second.ask("videoroom-toggle-hand")
    first.ask("videoroom-toggle-hand")
    for one in (first, second):
        one.wait_told("raised-hands", where="one.raised_hands.length === 2")
        assert [told["raised_hands"] for told in one.told("raised-hands")] == [[second.id], [second.id, first.id]]
    first.ask("videoroom-mute-audio-participants")
    for one in (first, second):
        assert one.wait_told("mute-audio")["originator"] == first.id

    first.ask("videoroom-composing-indication", state="active")
    told = second.wait_told("composing-indication")
    assert (told["state"], told["sender"]["uri"]) == ("active", "1001@127.0.0.1")
    first.ask("videoroom-message", message_id="m1", content="hello", content_type="text/plain")
    said = second.wait_told("message", where="one.type === 'normal'")
    assert (said["content"], said["sender"]["uri"]) == ("hello", "1001@127.0.0.1")
    delivered = first.wait_told("message-delivery")
    assert (delivered["message_id"], delivered["delivered"], delivered["code"]) == ("m1", True, 200)
    assert [one for one in first.told("message") if one["type"] == "normal"] == [], "the own message came back"

    assert first.upload("plan.txt", "the plan") == (200, "OK")
    for one in (first, second):
        file = one.wait_told("file-sharing")["files"]
        assert [(one["filename"], one["filesize"], one["session"]) for one in file] == [("plan.txt", 8, first.id)]
    assert second.download("plan.txt") == (200, "the plan")

    # The hands of those who leave go down.
    second.leave()
    second.wait_state("terminated")
    for one in (first, third):
        assert one.wait_told("publishers-left")["publishers"] == [second.id]
    first.wait_told("raised-hands", where=f"one.raised_hands.join() === '{first.id}'")
    late = Participant(second.client, video=True)
    files = late.wait_told("file-sharing")["files"]
    assert [file["filename"] for file in files] == ["plan.txt"]
    assert late.wait_told("raised-hands")["raised_hands"] == [first.id]


def test_a_closed_tab_leaves_the_room(client, second_browser, server):
    stays = Participant(client().registered("1001"), video=True)
    # An older client, which cannot come back for its participation; others have 30 s for it.
    goes = WebClient(second_browser, server, "d1").registered("1003")
    gone = Participant(goes, video=True, **MADE)
    stays.wait_publisher("1003@127.0.0.1")
    stays.attach(gone.id)
    goes.assert_content()
    goes.close()
    assert stays.wait_told("publishers-left", seconds=5)["publishers"] == [gone.id]


def test_an_invited_page_comes_into_a_room_of_sound(client, second_browser):
    first = Participant(client().registered("1001"), "voices@videoconference.127.0.0.1")
    invited = client("d2", second_browser).registered("1002")
    first.ask("videoroom-invite", participants=["1002@127.0.0.1"])
    invited.page.wait("jackfield.summary().invited.length", what="an invitation")
    [invitation] = invited.summary()["invited"]
    assert (invitation["room"], invitation["originator"]) == (first.room, "1001@127.0.0.1")
    assert len(invitation["id"]) == 36
    # It has a camera and wants to show it; the room has no pictures.
    second = Participant(invited, invitation["room"], video=True)
    accepted = second.told("session-state")[1]
    assert (accepted["state"], accepted["audio"], accepted["video"]) == ("accepted", True, False)
    for one, other, tone in ((first, second, SECOND_TONE), (second, first, FIRST_TONE)):
        one.wait_publisher(other.client.account)
        one.attach(other.id)
        assert_hears(one, {other.id: tone})
