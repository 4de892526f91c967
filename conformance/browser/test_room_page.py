"""The plan of rooms at /rooms: people dragged, turned, set and heard from where they sit, by mouse and by keyboard alone."""

import math
import time

import numpy
import pytest

from harness.browser import Browser
from harness.event_manager import EventManager
from harness.phone import Phone
from harness.server import Server

SAID = "document.getElementById('said').textContent"
ALARM = "document.getElementById('alarm').textContent"
FOCUS = "document.activeElement.id"

# Seat 1 is at the far end and looks at 2 to its left, 4 to its right and 3 straight ahead.
LAYOUTS = """{"default": "table4", "room_list": {
  "table4": {"id": 1, "desc": "Four seats", "seats": [
    {"x": 0, "y": 0, "z": 90}, {"x": 90, "y": 0, "z": 0}, {"x": 0, "y": 0, "z": -90}, {"x": -90, "y": 0, "z": 0}]},
  "open": {"id": 2, "openRoom": true, "seats": [{"x": 0, "y": 0, "z": 0}]}}}
"""

# Two desk phones and what they play: hertz, dBFS.
TONES = {"1002": (2500.0, -15.0), "1003": (3100.0, -15.0)}

# The room the built-in dialplan makes of 3000.
ROOM = "3000-127.0.0.1"

# What both ears hear of the room, a third of a second of it.
BOTH_EARS = """(async () => {
  const stream = document.getElementById('far-audio').srcObject;
  const context = new AudioContext({ sampleRate: 48000 });
  await context.resume();
  const splitter = context.createChannelSplitter(2);
  const source = context.createMediaStreamSource(stream);
  source.connect(splitter);
  const ears = [0, 1].map((side) => {
    const ear = context.createAnalyser();
    ear.fftSize = 16384;
    splitter.connect(ear, side);
    return ear;
  });
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const heard = ears.map((ear) => {
    const samples = new Float32Array(ear.fftSize);
    ear.getFloatTimeDomainData(samples);
    return Array.from(samples);
  });
  await context.close();
  return heard;
})()"""

# Where the middle of something is on the screen.
MIDDLE = """(() => {{
  const box = document.querySelector('{selector}').getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}})()"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    layouts = tmp_path_factory.mktemp("layouts") / "room_layout.json"
    layouts.write_text(LAYOUTS)
    running = Server(tmp_path_factory.mktemp("server") / "run", layouts=layouts)
    yield running
    running.stop()


@pytest.fixture
def program(server):
    """Another program that arranges rooms."""
    client = EventManager(server.event_manager)
    yield client
    for room in client.ok("get_all_rooms")["rooms"]:
        client.ok("destroy_room", room_id=room["room_id"])
    client.close()


@pytest.fixture
def members(server, program, tmp_path):
    """Two desk phones in the room: participant numbers by user."""
    made, numbers = [], {}
    try:
        for user, (hertz, level) in TONES.items():
            made.append(Phone(tmp_path / user, user, "1234", server.sip_port, hertz, level).registered())
            made[-1].command("dial", f"sip:3000@127.0.0.1:{server.sip_port}")
            numbers[user] = program.until("IMM_EVENT_ADD_PARTICIPANT", room_name=ROOM)["participant_id"]
        yield numbers
    finally:
        for phone in made:
            phone.stop()


def open_rooms(browser, server, address="", **how):
    page = browser.open(f"{server.console}/rooms{address}", **how)
    # What an earlier test left would be proposed.
    page.run("localStorage.clear(); sessionStorage.clear()")
    page.reload()
    return page


@pytest.fixture
def page(either, server):
    opened = open_rooms(either, server)
    yield opened
    seen = opened.seen()
    opened.close()
    assert seen["errors"] == [], "the policy or a script complained"
    # Firefox counts what asks nobody, and its sockets.
    own = (f"{server.console}/", "data:", server.gateway.replace("ws:", "http:"))
    strangers = [url for url in seen["asked"] if not url.startswith(own)]
    assert strangers == [], "the page asked somebody else"


def token(number):
    return f'.token[data-person="{number}"]'


def label(page, number):
    return page.run(f"document.querySelector('{token(number)} .person').getAttribute('aria-label')")


def wait_label(page, number, *parts):
    for part in parts:
        page.wait(f"document.querySelector('{token(number)} .person')?.getAttribute('aria-label').includes('{part}')", what=part)


def middle(page, selector):
    return page.run(MIDDLE.format(selector=selector))


def level(samples, hertz):
    """dBFS of a tone."""
    probe = numpy.exp(-2j * numpy.pi * hertz * numpy.arange(len(samples)) / 48000) * numpy.hanning(len(samples))
    return 20 * math.log10(max(abs(numpy.array(samples) @ probe) * 4 / len(samples), 1e-6))


def sides(page):
    """By user: how much louder the right ear is than the left, and the level of the louder one."""
    left, right = page.run(BOTH_EARS)
    heard = {}
    for user, (hertz, _) in TONES.items():
        ears = level(left, hertz), level(right, hertz)
        heard[user] = ears[1] - ears[0], max(ears)
    return heard


def listen_until(page, is_so, what):
    """Listens until it is so. A busy machine's browser plays late what it got in time."""
    deadline = time.monotonic() + 15
    while not is_so(heard := sides(page)):
        assert time.monotonic() < deadline, f"{what}, right above left and the louder one, dB: {heard}"


def assert_side(page, user, right):
    def is_so(heard):
        difference, loudest = heard[user]
        # One ear alone would be a mono track, or a broken one.
        return loudest > -50 and 4 < (difference if right else -difference) < 30

    listen_until(page, is_so, f"{user} on the {'right' if right else 'left'}")


def listen_in(page):
    """Signs in as 1001 and is in the room; the number of the participant."""
    page.click("#listen")
    page.wait(f"{FOCUS} === 'user'")
    page.type("1001")
    page.press("Tab", "Tab")
    page.type("1234")
    page.press("Enter")
    page.wait("document.querySelector('.token.self') !== null", 30, "listening in")
    return page.run("Number(document.querySelector('.token.self').dataset.person)")


def tab_to(page, wanted, most=80):
    """Presses Tab until the keyboard is there."""
    for _ in range(most):
        if page.run(wanted):
            return
        page.press("Tab")
    raise AssertionError(f"{wanted}: not reached with the Tab key")


def test_people_are_dragged_heard_turned_and_set(page, program, members, tmp_path):
    first, second = members["1002"], members["1003"]
    wait_label(page, first, "1002", "seat 1")
    wait_label(page, second, "1003", "seat 2")
    own = listen_in(page)
    program.until("IMM_EVENT_SET_PARTICIPANT_STATE", participant_id=own, control_to_edit=6, value=1)
    wait_label(page, own, "you", "seat 3")
    # From seat 3 one looks the other way: seat 2 is on the right hand, seat 4 on the left.
    page.wait(f"document.querySelector('{token(second)}').classList.contains('speaks')", what="speaking is shown")
    assert_side(page, "1003", right=True)
    page.look(tmp_path / "table.png")

    page.drag(middle(page, f"{token(second)} .disc"), middle(page, '.seat[data-seat="4"] circle'))
    program.until("IMM_EVENT_SET_PARTICIPANT_SEAT", participant_id=second, seat_id=4)
    wait_label(page, second, "seat 4")
    assert_side(page, "1003", right=False)

    # To the other end of the table, where left is right. The phone there is sent to seat 2 first.
    page.drag(middle(page, f"{token(first)} .disc"), middle(page, '.seat[data-seat="2"] circle'))
    program.until("IMM_EVENT_SET_PARTICIPANT_SEAT", participant_id=first, seat_id=2)
    page.drag(middle(page, f"{token(own)} .disc"), middle(page, '.seat[data-seat="1"] circle'))
    program.until("IMM_EVENT_SET_PARTICIPANT_SEAT", participant_id=own, seat_id=1)
    wait_label(page, own, "seat 1")
    assert_side(page, "1003", right=True)
    assert_side(page, "1002", right=False)

    # Between seats there is nothing to sit on.
    spot = middle(page, ".centre")
    page.drag(middle(page, f"{token(second)} .disc"), spot)
    page.wait(f"{ALARM}.includes('there is no seat')")
    wait_label(page, second, "seat 4")

    # A control: muted, and no longer heard.
    page.drag(middle(page, f"{token(second)} .disc"), middle(page, f"{token(second)} .disc"))
    page.wait("!document.getElementById('person-details').hidden")
    page.click("#control-2")
    program.until("IMM_EVENT_SET_PARTICIPANT_STATE", participant_id=second, control_to_edit=2, value=1)
    wait_label(page, second, "muted")
    listen_until(page, lambda heard: heard["1003"][1] < -70 < heard["1002"][1], "1003 is muted and 1002 is not")
    page.click("#control-2")
    program.until("IMM_EVENT_SET_PARTICIPANT_STATE", participant_id=second, control_to_edit=2, value=0)

    # The room becomes an open one; people stand anywhere and turn their heads.
    page.run("(() => { const l = document.getElementById('layout'); l.value = '2'; l.dispatchEvent(new Event('change')); })()")
    program.until("IMM_EVENT_SET_ROOM_LAYOUT", layout_id=2)
    for number, x, z in [(first, -150, -100), (own, 0, 0), (second, 120, 0)]:
        program.ok("set_participant_position", room_id=ROOM, participant_id=number, x=x, y=0, z=z,
                   azimuth_heading=0, elevation_heading=0)
    wait_label(page, second, "at 120, 0")
    wait_label(page, own, "at 0, 0")
    assert_side(page, "1003", right=True)
    page.drag(middle(page, f"{token(own)} .disc"), middle(page, f"{token(own)} .disc"))
    page.wait(f"document.querySelector('{token(own)} .person').getAttribute('aria-pressed') === 'true'")
    handle = middle(page, f"{token(own)} .dot")
    disc = middle(page, f"{token(own)} .disc")
    assert handle[1] < disc[1] - 10, "the handle is where the head looks"
    page.drag(handle, [disc[0] + 60, disc[1]], [disc[0], disc[1] + 80])
    # Where the pointer was let go is known to a pixel.
    while True:
        told = program.until("IMM_EVENT_SET_PARTICIPANT_POSITION", participant_id=own)
        assert told["position"] == {"x": 0, "y": 0, "z": 0}, "only the head is turned"
        if abs(told["heading"]["azimuth_heading"]) >= 178:
            break
    wait_label(page, own, f"facing {told['heading']['azimuth_heading']}°")
    assert_side(page, "1003", right=False)
    page.look(tmp_path / "open.png")

    # Dragged anywhere: below the listener, who looks there; the second phone is carried to the other side.
    start = middle(page, f"{token(second)} .disc")
    page.drag(start, [2 * disc[0] - start[0], start[1]])
    wait_label(page, second, "at -1")
    x = program.ok("get_participant_position", room_id=ROOM, participant_id=second)["x"]
    assert -130 <= x <= -110, x
    assert_side(page, "1003", right=True)

    page.click("#leave")
    program.until("IMM_EVENT_REMOVE_PARTICIPANT", participant_id=own)
    page.wait(f"{SAID} === 'You have left the room.' || {SAID}.includes('has left')")


def plan_in_the_middle(page):
    """Scrolls the plan to the middle of the screen, where more of the page is above it and below; how far that is, once it stays so."""
    where = "(() => { const b = document.getElementById('plan').getBoundingClientRect(); return [scrollY, b.top, b.height]; })()"
    before = None
    for _ in range(100):
        page.run("document.getElementById('plan').scrollIntoView({ block: 'center' })")
        now = page.run(where)
        if now == before:
            return now[0]
        before = now
        time.sleep(0.1)
    raise AssertionError(f"the plan does not stay where it is: {before}")


def test_by_touch_alone(browser, server, program, members):
    """On a small screen, where whatever is not held by a person scrolls."""
    page = open_rooms(browser, server, width=420, height=560, touch=True)
    try:
        first, second = members["1002"], members["1003"]
        wait_label(page, second, "seat 2")
        scrolled = plan_in_the_middle(page)
        assert page.run("document.documentElement.scrollHeight > innerHeight + 100"), "there is nothing to scroll"

        def disc(number):
            return middle(page, f"{token(number)} .disc")

        def seat(number):
            return middle(page, f'.seat[data-seat="{number}"] circle')

        # Downwards and sideways, the ways a page is scrolled.
        page.finger(disc(first), seat(3))
        program.until("IMM_EVENT_SET_PARTICIPANT_SEAT", participant_id=first, seat_id=3)
        wait_label(page, first, "seat 3")
        page.finger(disc(second), seat(4))
        program.until("IMM_EVENT_SET_PARTICIPANT_SEAT", participant_id=second, seat_id=4)
        wait_label(page, second, "seat 4")
        assert page.run("scrollY") == scrolled, "the page went with the finger"

        # A second finger neither ends what the first one does nor carries anybody.
        page.finger(disc(second), middle(page, ".centre"), seat(1), beside=disc(first))
        program.until("IMM_EVENT_SET_PARTICIPANT_SEAT", participant_id=second, seat_id=1)
        wait_label(page, second, "seat 1")
        wait_label(page, first, "seat 3")

        # A touch chooses somebody.
        page.finger(disc(first))
        page.wait("!document.getElementById('person-details').hidden")
        page.wait(f"document.querySelector('{token(first)} .person').getAttribute('aria-pressed') === 'true'")

        # In an open room: anywhere, and the head is turned by its dot.
        program.ok("set_room_layout", room_id=ROOM, layout_id=2)
        for number, x, z in [(first, -100, 0), (second, 100, 0)]:
            program.ok("set_participant_position", room_id=ROOM, participant_id=number, x=x, y=0, z=z,
                       azimuth_heading=0, elevation_heading=0)
        wait_label(page, first, "at -100, 0")
        wait_label(page, second, "at 100, 0")
        scrolled = plan_in_the_middle(page)
        left, right = disc(first), disc(second)
        page.finger(left, [(left[0] + right[0]) / 2, left[1] + 40])
        page.wait(f"/at -?\\d, -/.test(document.querySelector('{token(first)} .person').getAttribute('aria-label'))",
                  what="in the middle and below")
        at = program.ok("get_participant_position", room_id=ROOM, participant_id=first)
        assert abs(at["x"]) < 10 and at["z"] < -10, at
        dot, face = middle(page, f"{token(first)} .dot"), disc(first)
        assert dot[1] < face[1] - 5, "the handle is where the head looks"
        page.finger(dot, [face[0] + 60, face[1]])
        while True:
            told = program.until("IMM_EVENT_SET_PARTICIPANT_POSITION", participant_id=first)
            if abs(told["heading"]["azimuth_heading"] - 90) <= 3:
                break
        assert told["position"] == {key: at[key] for key in ("x", "y", "z")}, "only the head is turned"
        assert page.run("scrollY") == scrolled, "the page went with the finger"

        # Beside people the page scrolls as everywhere.
        box = page.run("(() => { const b = document.getElementById('plan').getBoundingClientRect(); return [b.left, b.bottom]; })()")
        spot = [box[0] + 20, box[1] - 15]
        page.finger(spot, [spot[0], spot[1] - 150])
        page.wait(f"scrollY > {scrolled} + 50", what="scrolling on the floor")
        assert page.seen()["errors"] == []
    finally:
        page.close()


def test_by_keyboard_alone(page, program, members):
    first, second = members["1002"], members["1003"]
    wait_label(page, second, "seat 2")
    tab_to(page, f"document.activeElement.closest('.token')?.dataset.person === '{second}'")
    page.press("ArrowDown")
    program.until("IMM_EVENT_SET_PARTICIPANT_SEAT", participant_id=second, seat_id=3)
    page.wait(f"{SAID} === '1003: seat 3.'", what="what was done is said")
    page.press("ArrowDown")
    page.wait(f"{ALARM} === 'There is no seat that way.'")
    page.press(".")
    page.wait(f"{ALARM}.startsWith('On a seat everybody looks at the middle')")
    page.press("Enter")
    page.wait("!document.getElementById('person-details').hidden")
    tab_to(page, f"{FOCUS} === 'seat'")
    page.type("Seat 4")
    program.until("IMM_EVENT_SET_PARTICIPANT_SEAT", participant_id=second, seat_id=4)
    tab_to(page, f"{FOCUS} === 'control-2'")
    page.press(" ")
    program.until("IMM_EVENT_SET_PARTICIPANT_STATE", participant_id=second, control_to_edit=2, value=1)
    page.press("Tab")
    assert page.run(FOCUS) == "control-102"
    page.press("ArrowRight")
    page.wait(f"{SAID}.startsWith('1003: Volume of the voice: 1')")
    states = program.ok("get_room", room_id=ROOM)["room"]["participants"]
    assert {one["participant_id"] for one in states} == {first, second}
    # Ours are told to pages, and to programs only where the configuration opens them.
    assert "PBX_CONTROL_INPUT_GAIN" not in states[0]["states"]
    tab_to(page, f"{FOCUS} === 'control-13'")
    page.type("5")
    page.press("Tab")
    program.until("IMM_EVENT_SET_PARTICIPANT_STATE", participant_id=second, control_to_edit=13)

    # The whole room, and then an open one.
    page.press("Tab")
    page.run("document.getElementById('room').focus()")
    tab_to(page, f"{FOCUS} === 'layout'")
    page.type("open")
    program.until("IMM_EVENT_SET_ROOM_LAYOUT", layout_id=2)
    tab_to(page, f"{FOCUS} === 'all-muted'")
    page.press("Enter")
    program.until("IMM_EVENT_SET_ALL_PARTICIPANTS_STATE", control_to_edit=2, value=1)
    page.wait("document.getElementById('all-muted').getAttribute('aria-pressed') === 'true'")
    page.run("document.getElementById('room').focus()")
    tab_to(page, f"document.activeElement.closest('.token')?.dataset.person === '{second}'")
    before = program.ok("get_participant_position", room_id=ROOM, participant_id=second)
    page.press("ArrowRight")
    wait_label(page, second, f"at {before['x'] + 25}, ")
    page.press("ArrowUp", shift=True)
    wait_label(page, second, f"at {before['x'] + 25}, {before['z'] + 5}")
    turned = before["azimuth_heading"] + 15
    page.press(".")
    wait_label(page, second, f"facing {turned if turned <= 180 else turned - 360}°")
    told = program.ok("get_participant_position", room_id=ROOM, participant_id=second)
    assert told["azimuth_heading"] in (turned, turned - 360)


def test_rooms_come_and_go(page, program):
    page.wait(f"{SAID}.startsWith('Connected')")
    page.wait("!document.getElementById('no-rooms').hidden")
    assert page.run("document.getElementById('room').hidden")
    program.ok("create_room", room_id=12, name="sales")
    page.wait("document.querySelector('#rooms button')?.textContent === 'sales – 0 people'")
    program.ok("add_participant", room_id=12, participant_id=3, participant_name="Ana")
    page.wait(f"document.querySelector('{token(3)}') !== null")
    page.wait("document.querySelector('#rooms button').textContent === 'sales – 1 person'")
    program.ok("set_participant_name", room_id=12, participant_id=3, name="Ann")
    wait_label(page, 3, "Ann, seat 1")
    # A second one on a taken seat stands beside, and the seat says how many.
    program.ok("add_participant", room_id=12, participant_id=4, participant_name="Bo")
    program.ok("set_participant_seat", room_id=12, participant_id=4, seat_id=1)
    page.wait("document.querySelector('.seat[data-seat=\"1\"] .count').textContent === '×2'")
    program.ok("destroy_room", room_id=12)
    page.wait(f"{SAID} === 'Room sales is closed.'")
    page.wait("document.getElementById('room').hidden")
    page.run("document.querySelector('.rooms details').open = true")
    page.click("#new-name")
    page.type("team")
    page.press("Enter")
    program.until("IMM_EVENT_CREATE_ROOM", room_name="team")
    page.wait("document.getElementById('room-title').textContent === 'Room team'")
    page.click("#new-name")
    page.type("team")
    page.press("Enter")
    page.wait(f"{ALARM} === 'There is a room of that name already.'")
    page.click("#close-room")
    program.until("IMM_EVENT_DESTROY_ROOM", room_name="team")


def test_it_comes_back_by_itself(browser, tmp_path_factory):
    layouts = tmp_path_factory.mktemp("layouts") / "room_layout.json"
    layouts.write_text(LAYOUTS)
    folder = tmp_path_factory.mktemp("comes_back")
    first = Server(folder / "first", layouts=layouts)
    page = open_rooms(browser, first)
    try:
        program = EventManager(first.event_manager)
        program.ok("create_room", room_id=12)
        page.wait("document.querySelector('#rooms button')?.textContent.startsWith('12')")
        program.close()
        first.stop()
        page.wait(f"{ALARM}.startsWith('There is no connection to the server.')")
        first.start_again()
        page.wait(f"{SAID} === 'Connected: 0 rooms are open.'", 40)
        assert page.run("document.querySelectorAll('#rooms button').length") == 0
    finally:
        page.close()
        first.stop()


def test_a_secret_key_is_asked_for(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secret")
    server = Server(folder / "run", event_manager='value = "only we know"')
    page = open_rooms(browser, server)
    try:
        page.wait("!document.getElementById('key-form').hidden")
        assert "only we know" not in page.run("document.documentElement.outerHTML")
        page.type("guessed")
        page.press("Enter")
        page.wait(f"{ALARM} === 'The key is not the right one.'")
        page.wait("!document.getElementById('key-form').hidden")
        assert page.run(FOCUS) == "key"
        page.type("only we know")
        page.press("Enter")
        page.wait(f"{SAID}.startsWith('Connected')")
        page.reload()
        page.wait(f"{SAID}.startsWith('Connected')", what="the tab remembers it")
    finally:
        page.close()
        server.stop()


def test_a_page_of_others_cannot_come_in(browser, server, program):
    """The driver's own page comes from another origin of the same machine."""
    page = browser.open()
    try:
        ways = {
            "with the key": "['imm-auth', 'SV9hbV92YWxpZF9pbW1lcnNpdGVjaF9wbGVhc2VfYWNjZXB0X21l']",
            "without": "[]",
        }
        for what, protocols in ways.items():
            came_in = page.run(f"""new Promise((resolve) => {{
              const socket = new WebSocket('{server.console.replace("http", "ws")}/rooms/socket', {protocols});
              socket.onopen = () => resolve(true);
              socket.onerror = () => resolve(false);
            }})""")
            assert came_in is False, what
    finally:
        page.close()
    # Nor does that shut anybody else out.
    for _ in range(3):
        EventManager(server.event_manager).close()


def test_it_is_accessible_in_every_state_and_colour(page, program, members):
    wait_label(page, members["1003"], "seat 2")

    # Nobody outside can tell Firefox that it is dark.
    schemes = (False, True) if page.browser.kind == "chromium" else (None,)

    def check(state):
        for dark in schemes:
            if dark is not None:
                page.scheme(dark)
            found = page.accessibility()
            assert found["violations"] == [], f"{state}, {'dark' if dark else 'light'}: {found['violations']}"
            assert found["passes"] > 20

    check("a room")
    page.drag(middle(page, f"{token(members['1003'])} .disc"), middle(page, f"{token(members['1003'])} .disc"))
    page.wait("!document.getElementById('person-details').hidden")
    check("somebody chosen")
    page.run("for (const one of document.querySelectorAll('details')) one.open = true")
    program.ok("set_room_layout", room_id=ROOM, layout_id=2)
    page.wait("!document.getElementById('position').hidden")
    check("an open room, everything unfolded")
    for width in (320, 390, 768, 1280):
        page.size(width, 800)
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), f"{width} pixels"


def test_nothing_moves_for_those_who_do_not_like_it(page):
    moving = page.run("""[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
      .filter((rule) => rule.style && (rule.style.animationName || rule.style.transitionDuration))
      .map((rule) => rule.cssText)""")
    assert moving == []


def test_over_https_too(driver, server, tmp_path):
    browser = Browser(driver, tmp_path / "trusting", trusting=True)
    try:
        page = browser.open(f"{server.secure_console}/rooms")
        page.wait(f"{SAID}.startsWith('Connected')")
        assert page.seen()["errors"] == []
    finally:
        browser.stop()
