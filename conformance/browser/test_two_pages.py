"""Two pages in two browsers call each other, with sound and with pictures."""

import itertools

import pytest

from harness.ear import assert_tone, gaps, until_heard
from harness.web_client import FIRST_TONE, SECOND_TONE

GENERATIONS = ["d0", "d1", "d2"]


def talk(caller, called, **wish):
    caller.call("1002", **wish)
    offered = called.wait_incoming()
    assert offered["other"].startswith("1001@")
    called.answer(**wish)
    for side in (caller, called):
        side.wait_state("established")
        side.wait_media()


def hear_each_other(caller, called):
    for side, tone in ((caller, SECOND_TONE), (called, FIRST_TONE)):

        def judge(heard, tone=tone):
            settled = heard.got[len(heard.got) // 2 :]
            assert_tone(settled, heard.rate, *tone, "the other page")
            assert gaps(settled, heard.rate, tone[0]) <= 20

        until_heard(lambda side=side: side.listen(3), judge)


@pytest.mark.parametrize(
    "generations", list(itertools.product(GENERATIONS, GENERATIONS)), ids=lambda pair: f"{pair[0]} calls {pair[1]}",
)
def test_they_hear_each_other(client, second_browser, generations):
    caller = client(generations[0]).registered("1001")
    called = client(generations[1], second_browser).registered("1002")
    talk(caller, called)
    hear_each_other(caller, called)
    called.terminate()
    assert caller.wait_state("terminated")["reason"] == "200 Session Terminated"
    called.wait_state("terminated")


@pytest.mark.parametrize("codec", ["video/VP8", "video/H264"])
def test_they_see_each_other(client, second_browser, codec):
    caller = client().registered("1001")
    called = client("d2", second_browser).registered("1002")
    caller.only_pictures(codec)
    talk(caller, called, video=True)
    for side in (caller, called):
        call = side.last_call()
        assert call["audio"] and call["video"], call
    see_each_other(caller, called)
    assert [side.figures()["videoCodec"] for side in (caller, called)] == [codec, codec]
    hear_each_other(caller, called)
    caller.terminate()
    caller.wait_state("terminated")
    called.wait_state("terminated")


def see_each_other(*sides):
    for side in sides:
        first = side.figures()["framesDecoded"]
        side.page.wait(
            f"jackfield.figures(null).then((figures) => figures.framesDecoded >= {first} + 20)", 20, "pictures arrive",
        )


def test_they_add_pictures_to_their_call(client, second_browser):
    caller = client().registered("1001")
    called = client("d2", second_browser).registered("1002")
    talk(caller, called)
    caller.show_camera()
    called.wait_update("received")
    assert caller.last_call()["updates"] == [], "the other page first"
    called.take_update(True)
    assert caller.wait_update("accepted")["video"]
    see_each_other(caller, called)
    hear_each_other(caller, called)
    # And take them away again.
    called.hide_camera()
    caller.wait_update("accepted", "received")
    assert not called.wait_update("received", "accepted")["video"]
    caller.take_update(False)
    hear_each_other(caller, called)
    caller.terminate()
    caller.wait_state("terminated")
    called.wait_state("terminated")


def test_a_page_that_wants_no_pictures_talks_on(client, second_browser):
    caller = client().registered("1001")
    called = client("d2", second_browser).registered("1002")
    talk(caller, called)
    called.show_camera()
    caller.wait_update("received")
    caller.take_update(False)
    assert not called.wait_update("accepted")["video"]
    hear_each_other(caller, called)
    caller.terminate()
    caller.wait_state("terminated")
    called.wait_state("terminated")
