"""The panel at /panel: who talks with whom, calls sent on by mouse and by keyboard, queues, parked calls, ended calls."""

import time

import pytest

from harness.browser import Browser
from harness.panel import Rest
from harness.panel_page import (
    ALARM, LIVE, OWN_CALL, PAST, SAID, TONES, assert_hears, call_me, dial, middle, open_panel, person, search_past, sign_in, tab_to,
    wait_no_call, wait_stage, wait_state,
)
from harness.phone import Phone
from harness.server import Server

FOCUS = "document.activeElement.id"

# 1001 may do everything to everybody; what others may do stands in test_panel_rights.py.
SUPERVISOR = """
[[door.isymphony.group]]
name = "supervisors"
users = ["1001"]
others = "all"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server") / "run", panel=SUPERVISOR)
    rest = Rest(running.panel)
    core = rest.get("rest/config/server/coreServers/getBySlug/default")["id"]
    lot = {"identifier": "main", "name": "Main", "destinationExtension": "700"}
    rest.do("POST", f"rest/config/asterisk/{core}/parkingLots", lot)
    yield running
    running.stop()


@pytest.fixture
def program(server):
    """Another program; no call is left behind."""
    yield Rest(server.panel)
    with server.connect() as socket:
        socket.api("hupall normal_clearing")


@pytest.fixture
def phones(server, program, tmp_path):
    """Three desk phones that answer by themselves, by user."""
    made = {}
    try:
        for user, (hertz, level) in TONES.items():
            made[user] = Phone(tmp_path / user, user, "1234", server.sip_port, hertz, level).registered()
        yield made
    finally:
        for phone in made.values():
            phone.stop()


@pytest.fixture
def stranger(either, server):
    """The page before anybody has signed in."""
    opened = open_panel(either, server, width=1400, height=1000)
    yield opened
    seen = opened.seen()
    opened.close()
    # The browser says that nobody had signed in, or was not let in; nothing else is wrong.
    assert [error for error in seen["errors"] if "401" not in error] == [], "the policy or a script complained"
    own = (f"{server.console}/", server.console.replace("http", "ws") + "/", "data:")
    assert [url for url in seen["asked"] if not url.startswith(own)] == [], "the page asked somebody else"


@pytest.fixture
def page(stranger):
    """The page of 1001."""
    sign_in(stranger)
    stranger.wait(f"{SAID}.startsWith('Signed in as')")
    return stranger


def test_signing_in_and_out(stranger, server):
    page = stranger
    sign_in(page, password="wrong")
    page.wait("document.getElementById('sign-in-why').textContent === 'The user or the password is not right.'")
    assert page.run(FOCUS) == "password"
    page.type("1234")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Signed in as')")
    assert page.run("document.querySelector('.someone.own').dataset.extension") == "1001"
    assert page.run("document.querySelectorAll('.someone')[0].classList.contains('own')"), "oneself first"
    assert page.run("document.cookie") == "", "no script reads what signs in"
    page.reload()
    page.wait(f"{SAID}.startsWith('Signed in as')", what="the browser remembers it")
    page.click("#sign-out")
    page.wait("!document.getElementById('sign-in-panel').hidden")
    assert page.run("fetch('/panel/session').then(({ status }) => status)") == 401
    assert page.run("document.querySelectorAll('.someone').length") == 0


def test_a_call_comes_and_goes(page, phones, server, program):
    wait_state(page, "1002", "idle")
    wait_state(page, "1004", "not registered")
    dial(phones["1002"], "1003", server)
    wait_state(page, "1002", "talking with")
    wait_state(page, "1003", "talking with")
    page.wait(f"/^0:0[1-9]$/.test(document.querySelector('{person('1003')} .time').textContent)", what="how long")
    # Who looks later sees the same.
    page.reload()
    wait_state(page, "1003", "talking with")
    page.wait(f"/^0:0[1-9]$/.test(document.querySelector('{person('1003')} .time').textContent)", what="how long")
    phones["1002"].command("hangup")
    wait_state(page, "1002", "idle")
    wait_state(page, "1003", "idle")
    call_me(page, phones, server)
    page.wait(f"{SAID}.startsWith('You talk with')")
    page.click(f"{OWN_CALL} [data-deed=end]")
    wait_no_call(page)
    page.wait(f"{SAID}.includes('has ended')")
    wait_state(page, "1002", "idle")
    phones["1003"].stop()
    # What it was registered for ends with it, or at the latest in a minute: asked of the server instead.
    with server.connect() as socket:
        socket.api("sofia profile internal flush_inbound_reg 1003@127.0.0.1")
    wait_state(page, "1003", "not registered")


def test_sent_on_by_drag(page, phones, server, program):
    call_me(page, phones, server)
    page.drag(middle(page, f"{OWN_CALL} h3"), middle(page, f"{person('1003')} .name"))
    wait_no_call(page)
    wait_state(page, "1003", "talking with")
    wait_state(page, "1002", "talking with")
    phones["1001"].wait_for("CALL_CLOSED")
    time.sleep(1.0)
    phones["1002"].command("hangup")
    phones["1003"].wait_for("CALL_CLOSED")
    assert_hears(phones["1003"], TONES["1002"][0])
    assert_hears(phones["1002"], TONES["1003"][0])


def test_sent_on_by_keyboard(page, phones, server, program):
    call_me(page, phones, server)
    tab_to(page, "document.activeElement.dataset.deed === 'move'")
    page.press("Enter")
    page.wait("document.getElementById('move').open")
    assert page.run(FOCUS) == "move-typed"
    page.type("1003")
    page.press("ArrowDown")
    assert "1003" in page.run("document.activeElement.textContent")
    page.press("Enter")
    wait_no_call(page)
    wait_state(page, "1003", "talking with")
    time.sleep(1.0)
    phones["1002"].command("hangup")
    phones["1003"].wait_for("CALL_CLOSED")
    assert_hears(phones["1003"], TONES["1002"][0])


def test_what_is_done_with_a_call(page, phones, server, program):
    page.click("#number")
    page.type("1003")
    page.press("Enter")
    wait_stage(page, "talking")
    assert page.run("document.getElementById('number').value") == ""
    (own,) = [one for one in program.get(f"{LIVE}/callSegments") if one["extensionNumber"] == "1001"]

    def pressed(deed, is_so):
        page.wait(f"document.querySelector('{OWN_CALL} [data-deed={deed}]').getAttribute('aria-pressed') === '{is_so}'", what=f"{deed} {is_so}")

    for deed, member in {"hold": "onHold", "record": "recording"}.items():
        page.click(f"{OWN_CALL} [data-deed={deed}]")
        pressed(deed, "true")
        assert program.get(f"{LIVE}/callSegments/{own['id']}")[member] is True
        page.click(f"{OWN_CALL} [data-deed={deed}]")
        pressed(deed, "false")
        assert program.get(f"{LIVE}/callSegments/{own['id']}")[member] is False
    page.click(f"{OWN_CALL} [data-deed=mute]")
    pressed("mute", "true")
    page.click(f"{OWN_CALL} [data-deed=mute]")
    pressed("mute", "false")
    # A phone that puts the call on hold by itself is seen, too.
    phones["1001"].command("hold")
    pressed("hold", "true")
    phones["1001"].command("resume")
    pressed("hold", "false")
    page.click(f"{OWN_CALL} [data-deed=end]")
    wait_no_call(page)
    page.click("#dnd")
    page.wait("document.getElementById('dnd').getAttribute('aria-pressed') === 'true'")
    wait_state(page, "1001", "do not disturb")
    page.click("#dnd")
    wait_state(page, "1001", "idle")


def test_saying_where_one_is(page, program):
    page.wait("!document.getElementById('status-form').hidden")
    page.run("document.getElementById('status').value = 'away'")
    page.run("document.getElementById('status-note').value = 'at lunch'")
    page.click("#status-form [type=submit]")
    shown = f"document.querySelector('{person('1001')} .status').textContent"
    page.wait(f"{shown} === 'Away: at lunch'", what="everybody sees it")
    status = program.get(f"{LIVE}/users/getByName/1001/status")
    assert (status["statusType"], status["note"], status["returnTime"]) == ("away", "at lunch", -1)
    page.run("document.getElementById('status').value = 'available'")
    page.run("document.getElementById('status-note').value = ''")
    page.click("#status-form [type=submit]")
    page.wait(f"{shown} === 'Available'")


def test_parked_and_taken_back(page, phones, server, program):
    call_me(page, phones, server)
    page.drag(middle(page, f"{OWN_CALL} h3"), middle(page, ".lot h3"))
    page.wait("document.querySelector('.lot .caller') !== null", what="it is parked")
    wait_no_call(page)
    wait_state(page, "1002", "parked")
    page.drag(middle(page, ".lot .caller p"), middle(page, f"{person('1001')} .name"))
    wait_stage(page, "talking")
    page.wait("document.querySelector('.lot .caller') === null")
    page.click(f"{OWN_CALL} [data-deed=park]")
    page.wait("document.querySelector('.lot .caller') !== null", what="parked by the button")
    tab_to(page, "document.activeElement.closest('.lot') && document.activeElement.textContent === 'Take'")
    page.press("Enter")
    wait_stage(page, "talking")
    page.click(f"{OWN_CALL} [data-deed=end]")
    wait_no_call(page)


def test_queues_and_agents(page, phones, server, program):
    page.wait("document.querySelector('.queue h3')?.textContent.includes('5001')")
    agent = "[...document.querySelectorAll('.agent')].find((one) => one.textContent.includes('{0}'))"

    def press(who, words):
        page.run(f"[...({agent.format(who)}).querySelectorAll('button')].find((one) => one.textContent === '{words}').click()")

    for who in ("1000", "1001", "1002"):
        program.do("POST", f"{LIVE}/queues/getByName/5001/login", {"extensionNumber": who})
        page.wait(f"{agent.format(who)} !== undefined", what=f"agent {who}")
        press(who, "Log out")
        page.wait(f"{agent.format(who)} === undefined", what=f"{who} is logged out")
    page.run("document.querySelector('.queue details').open = true")
    page.run("(() => { const s = document.querySelector('.queue select'); s.value = [...s.options].find((one) => one.text.includes('1001')).value; })()")
    page.run("document.querySelector('.queue form').requestSubmit()")
    page.wait(f"{agent.format('1001')} !== undefined", what="1001 is logged in")
    press("1001", "Pause")
    page.wait("document.getElementById('pause').open")
    page.type("lunch")
    page.press("Enter")
    page.wait(f"({agent.format('1001')}).textContent.includes('paused: lunch')")
    (said,) = program.get(f"{LIVE}/queues/getByName/5001/agents")
    assert said["paused"] is True
    # Who comes now has to wait, until somebody takes the call or takes calls again.
    dial(phones["1002"], "5001", server)
    page.wait("document.querySelector('.queue .caller')?.textContent.startsWith('1: ')", what="a caller waits")
    wait_state(page, "1002", "waiting in queue")
    page.wait("/0:0[1-9]/.test(document.querySelector('.queue .caller .time').textContent)", what="how long")
    page.reload()
    page.wait("document.querySelector('.queue .caller')?.textContent.startsWith('1: ')", what="a caller still waits")
    press("1001", "Pause")
    wait_stage(page, "talking")
    page.wait("document.querySelector('.queue .caller') === null")
    page.click(f"{OWN_CALL} [data-deed=end]")
    wait_no_call(page)


def test_ended_calls_are_found_again(page, phones, server, program):
    search_past(page, "1003")
    page.wait(f"{PAST}.every((row) => row.includes('1003'))")
    before = page.run(f"{PAST}.length")
    dial(phones["1002"], "1003", server)
    phones["1003"].wait_for("CALL_ESTABLISHED")
    phones["1002"].command("hangup")
    # It comes by itself, once, whatever number of legs it had.
    page.wait(f"{PAST}.length === {before + 1} && {PAST}[0].includes('1002')")
    search_past(page, "nobody%")
    page.wait("!document.getElementById('past-none').hidden")
    assert page.run(f"{PAST}.length") == 0


def test_what_may_be_asked_of_ended_calls(server, program):
    where = f"{LIVE}/callHistory"
    with server.connect() as socket:
        for _ in range(2):
            socket.api("originate null/somebody &hangup")
    deadline = time.monotonic() + 10
    while len(program.get(where)["calls"]) < 2:
        assert time.monotonic() < deadline, "calls are not recorded"
        time.sleep(0.05)
    page = program.get(f"{where}?limit=1")
    assert set(page) == {"calls", "next"} and len(page["calls"]) == 1
    behind = program.get(f"{where}?limit=1&before={page['next']}")
    assert len(behind["calls"]) == 1 and behind["calls"][0]["id"] != page["calls"][0]["id"]
    assert behind["calls"][0]["start"] <= page["calls"][0]["start"]
    for wrong in ["limit=0", "limit=501", "limit=many", "before=x", "search=" + 129 * "x"]:
        status, text, _ = program.ask("GET", f"{where}?{wrong}")
        assert status == 412, (wrong, status, text)


def test_conferences(page, phones, server, program):
    dial(phones["1002"], "3000", server)
    page.wait("document.querySelector('.conference .member') !== null", what="a member")
    wait_state(page, "1002", "in conference")
    page.run("document.querySelector('.conference .member button').click()")
    page.wait("document.querySelector('.conference .member p').textContent.includes('muted')")
    call_me(page, phones, server, caller="1003")
    page.drag(middle(page, f"{OWN_CALL} h3"), middle(page, ".conference h3"))
    page.wait("document.querySelectorAll('.conference .member').length === 2", what="sent into the conference")
    wait_no_call(page)


def test_searching_people(page, phones, program):
    wait_state(page, "1002", "idle")
    page.click("#search")
    page.type("1002 idle")
    page.wait("document.querySelectorAll('.someone').length === 1")
    page.type(" nobody")
    page.wait("document.getElementById('people-count').textContent === 'Nobody fits.'")


def test_it_comes_back_by_itself(browser, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("comes_back") / "run")
    page = open_panel(browser, server)
    try:
        sign_in(page)
        page.wait(f"{SAID}.startsWith('Signed in as')")
        server.stop()
        page.wait(f"{ALARM}.startsWith('There is no connection to the server.')")
        server.start_again()
        # Who has signed in is known to the server that has ended.
        page.wait("!document.getElementById('sign-in-panel').hidden", 40)
        sign_in(page)
        page.wait("document.querySelectorAll('.someone').length > 3")
    finally:
        page.close()
        server.stop()


def test_a_page_of_others_cannot_come_in(browser, server, page):
    """The driver's own page comes from another origin of the same machine, in the browser of who has signed in."""
    other = browser.open()
    try:
        came_in = other.run(f"""new Promise((resolve) => {{
          const socket = new WebSocket('{server.console.replace("http", "ws")}/panel/events');
          socket.onopen = () => resolve(true);
          socket.onerror = () => resolve(false);
        }})""")
        assert came_in is False
        done = other.run(f"""fetch('{server.console}/panel/session', {{ method: 'DELETE', mode: 'no-cors', credentials: 'include' }})
          .then(() => 'asked', () => 'refused')""")
        assert done in ("asked", "refused")
    finally:
        other.close()
    assert page.run("fetch('/panel/session').then(({ status }) => status)") == 200


def test_it_is_accessible_in_every_state_and_colour(page, phones, server, program):
    # Nobody outside can tell Firefox that it is dark.
    schemes = (False, True) if page.browser.kind == "chromium" else (None,)

    def check(state):
        for dark in schemes:
            if dark is not None:
                page.scheme(dark)
            found = page.accessibility()
            assert found["violations"] == [], f"{state}, {'dark' if dark else 'light'}: {found['violations']}"
            assert found["passes"] > 20

    check("nothing happens")
    call_me(page, phones, server)
    dial(phones["1003"], "3000", server)
    page.wait("document.querySelector('.conference .member') !== null")
    page.run("for (const one of document.querySelectorAll('details')) one.open = true")
    check("a call and a conference, everything unfolded")
    for width in (320, 390, 768, 1280):
        page.size(width, 800)
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), f"{width} pixels"
    page.run(f"document.querySelector('{OWN_CALL} [data-deed=move]').click()")
    page.wait("document.getElementById('move').open")
    check("where the call is to go")
    page.press("Escape")
    page.run("document.getElementById('sign-out').click()")
    page.wait("!document.getElementById('sign-in-panel').hidden")
    check("signed out")


def test_nothing_moves_for_those_who_do_not_like_it(stranger):
    moving = stranger.run("""[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
      .filter((rule) => rule.style && (rule.style.animationName || rule.style.transitionDuration))
      .map((rule) => rule.cssText)""")
    assert moving == []


def test_over_https_too(driver, server, tmp_path):
    browser = Browser(driver, tmp_path / "trusting", trusting=True)
    try:
        page = browser.open(f"{server.secure_console}/panel")
        page.wait("!document.getElementById('sign-in-panel').hidden")
        sign_in(page)
        page.wait(f"{SAID}.startsWith('Signed in as')")
    finally:
        browser.stop()
