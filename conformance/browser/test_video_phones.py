"""Pages and phones with cameras see each other: what one sends the other shows, without being decoded in between."""

from test_desk_phones import hear_each_other

CODEC = "PCMU"
# Where a picture is looked at, in parts of its width and height.
POINTS = [(x, y) for x in (0.1, 0.3, 0.5, 0.7, 0.9) for y in (0.2, 0.8)]


def phone_sees_camera(desk):
    """The browser's camera shows green nearly everywhere."""
    picture = desk.sees()
    colours = [picture.colour_at(x, y) for x, y in POINTS]
    green = [colour for colour in colours if colour[1] > 60 and colour[1] > 1.5 * max(colour[0], colour[2])]
    assert len(green) >= 6, (picture.width, picture.height, colours)


def page_sees_bars(page):
    """The phone's camera shows bars of several colours, the same from top to bottom."""
    first = page.figures()["framesDecoded"]
    page.page.wait(
        f"jackfield.figures(null).then((figures) => figures.framesDecoded >= {first} + 20)", 20, "pictures arrive",
    )
    assert page.figures()["videoCodec"] == "video/VP8"
    assert page.figures()["width"] == 352
    bars = page.look(POINTS)
    above, below = bars[0::2], bars[1::2]
    assert max(abs(a - b) for one, other in zip(above, below) for a, b in zip(one, other)) < 30, bars
    apart = {tuple(round(channel / 64) for channel in colour) for colour in above}
    assert len(apart) >= 3, bars


def see_each_other(page, desk):
    page_sees_bars(page)
    phone_sees_camera(desk)


def test_a_page_calls_a_phone_with_a_camera(client, phone):
    desk = phone("1002", CODEC, pictures=True)
    page = client().registered("1001")
    page.call("1002", video=True)
    call = page.wait_state("established")
    assert call["audio"] and call["video"]
    see_each_other(page, desk)
    hear_each_other(page, desk)
    page.terminate()
    assert page.wait_state("terminated")["reason"] == "200 to BYE"
    desk.wait_for("CALL_CLOSED")


def test_a_phone_with_a_camera_calls_a_page(client, phone):
    desk = phone("1002", CODEC, pictures=True)
    page = client().registered("1001")
    desk.command("dial", f"sip:1001@127.0.0.1:{page.server.sip_port}")
    offered = page.wait_incoming()
    assert offered["audio"] and offered["video"]
    page.answer(video=True)
    page.wait_state("established")
    desk.wait_for("CALL_ESTABLISHED")
    see_each_other(page, desk)
    hear_each_other(page, desk)
    desk.command("hangup")
    assert page.wait_state("terminated")["reason"] == "200 Session Terminated"


def test_a_phone_without_a_camera_is_heard_all_the_same(client, phone):
    desk = phone("1002", CODEC)
    page = client().registered("1001")
    page.call("1002", video=True)
    call = page.wait_state("established")
    assert call["audio"] and not call["video"]
    hear_each_other(page, desk)
    page.terminate()
    page.wait_state("terminated")


def test_a_page_without_a_camera_refuses_the_phones_pictures(client, phone):
    desk = phone("1002", CODEC, pictures=True)
    page = client().registered("1001")
    page.call("1002")
    call = page.wait_state("established")
    assert call["audio"] and not call["video"]
    hear_each_other(page, desk)
    page.terminate()
    page.wait_state("terminated")


def test_a_page_adds_pictures_to_its_call_and_ends_them(client, phone):
    desk = phone("1002", CODEC, pictures=True)
    page = client().registered("1001")
    page.call("1002")
    page.wait_state("established")
    hear_each_other(page, desk)
    page.show_camera()
    assert page.wait_update("accepted")["video"]
    see_each_other(page, desk)
    page.hide_camera()
    assert not page.wait_update("accepted", "accepted")["video"]
    hear_each_other(page, desk)
    page.terminate()
    page.wait_state("terminated")


def test_pictures_come_back_after_a_hold(client, phone):
    desk = phone("1002", CODEC, pictures=True)
    page = client().registered("1001")
    page.call("1002", video=True)
    page.wait_state("established")
    see_each_other(page, desk)
    desk.command("hold")
    page.page.wait(
        "jackfield.figures(null).then(async ({ framesDecoded: before }) => {"
        " await new Promise((later) => setTimeout(later, 1000));"
        " return (await jackfield.figures(null)).framesDecoded === before; })",
        15, "no pictures on hold",
    )
    desk.command("resume")
    see_each_other(page, desk)
    hear_each_other(page, desk)
    page.terminate()
    page.wait_state("terminated")


def test_two_phones_see_each_other(server, phone):
    caller = phone("1001", CODEC, hertz=700.0, pictures=True)
    called = phone("1002", CODEC, pictures=True)
    caller.command("dial", f"sip:1002@127.0.0.1:{server.sip_port}")
    caller.wait_for("CALL_ESTABLISHED")
    for desk in (caller, called):
        picture = desk.sees()
        assert (picture.width, picture.height) == (352, 288)
        apart = {tuple(round(c / 64) for c in picture.colour_at(x, y)) for x, y in POINTS}
        assert len(apart) >= 3, apart
    caller.command("hangup")
    called.wait_for("CALL_CLOSED")


def test_a_phone_adds_pictures_to_its_call(client, phone):
    desk = phone("1002", CODEC, pictures=True)
    page = client().registered("1001")
    page.call("1002")
    page.wait_state("established")
    hear_each_other(page, desk)
    desk.command("video_dir", "sendrecv")
    page.wait_update("received")
    page.take_update(True)
    see_each_other(page, desk)
    page.terminate()
    page.wait_state("terminated")
