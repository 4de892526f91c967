"""What people may see and do at the panel page; a call parked there and fetched by telephone; leafing through ended calls."""

import time

import pytest

from harness.panel import Rest
from harness.panel_page import (
    LIVE, OWN_CALL, PAST, SAID, TONES, assert_hears, call_me, dial, open_panel, person, search_past, sign_in, wait_no_call, wait_stage, wait_state,
)
from harness.phone import Phone
from harness.server import Server

# Everybody but 1004 is in the group everybody is in.
GUESTS = """
[[door.isymphony.group]]
name = "guests"
users = ["1004"]
own = ["call"]
others = []
[[door.isymphony.status]]
name = "Lunch"
type = "away"
[[door.isymphony.status]]
name = "On the road"
type = "away"
"""

# Records of ended calls, more than two pages of the panel have.
MANY = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """No parking lot is configured."""
    running = Server(tmp_path_factory.mktemp("server") / "run", panel=GUESTS)
    yield running
    running.stop()


@pytest.fixture
def program(server):
    yield Rest(server.panel)
    with server.connect() as socket:
        socket.api("hupall normal_clearing")


@pytest.fixture
def phones(server, program, tmp_path):
    made = {}
    try:
        for user, (hertz, level) in (TONES | {"1004": (800.0, -12.0)}).items():
            made[user] = Phone(tmp_path / user, user, "1234", server.sip_port, hertz, level).registered()
        yield made
    finally:
        for phone in made.values():
            phone.stop()


@pytest.fixture
def page_of(browser, server):
    opened = []

    def signed_in(user):
        page = open_panel(browser, server, width=1400, height=1000)
        opened.append(page)
        sign_in(page, user)
        page.wait(f"{SAID}.startsWith('Signed in as')")
        return page

    yield signed_in
    for page in opened:
        page.close()


def test_statuses_the_server_offers(page_of, program, phones):
    page = page_of("1001")
    page.wait("!document.getElementById('status-form').hidden")
    options = "[...document.getElementById('status').options].map((one) => one.textContent).join()"
    page.wait(f"{options} === 'Lunch,On the road'", what="what there is to choose from")
    page.run("document.getElementById('status').selectedIndex = 1")
    page.click("#status-form [type=submit]")
    page.wait(f"document.querySelector('{person('1001')} .status').textContent === 'On the road'", what="everybody sees it")
    status = program.get(f"{LIVE}/users/getByName/1001/status")
    assert (status["name"], status["statusType"], status["userCreated"]) == ("On the road", "away", False)
    # Who comes later sees what was chosen, and not the other one of its kind.
    page.reload()
    page.wait("document.getElementById('status').selectedIndex === 1", what="what was chosen")


SHOWN = "[...document.querySelectorAll('{0} button, {0} input')].filter((one) => one.checkVisibility()).map((one) => one.ariaLabel ?? one.textContent)"


def shown(page, selector):
    """What can be pressed or filled in there."""
    return page.run(SHOWN.format(selector))


def post(page, path, body="{}"):
    """Status and text of a request of the page, behind the buttons' back."""
    return page.run(f"""fetch('/panel/live/coreServers/getByName/default/{path}', {{ method: 'POST', body: '{body}' }})
      .then(async (answer) => [answer.status, await answer.text()])""")


def test_a_parked_call_is_fetched_by_dialling_its_number(page_of, phones, server, program):
    page = page_of("1001")
    call_me(page, phones, server)
    page.click(f"{OWN_CALL} [data-deed=park]")
    page.wait("document.querySelector('.lot .caller')?.textContent.startsWith('6001: ')", what="its number is shown")
    wait_no_call(page)
    phones["1001"].wait_for("CALL_CLOSED")
    dial(phones["1003"], "6001", server)
    wait_state(page, "1003", "talking with")
    page.wait("document.querySelector('.lot .caller') === null", what="it is parked no more")
    wait_state(page, "1002", "talking with")
    time.sleep(1.0)
    phones["1002"].command("hangup")
    phones["1003"].wait_for("CALL_CLOSED")
    assert_hears(phones["1003"], TONES["1002"][0])
    assert_hears(phones["1002"], TONES["1003"][0])


def test_what_is_not_allowed_is_neither_offered_nor_done(page_of, phones, server, program):
    page = page_of("1001")
    dial(phones["1002"], "1003", server)
    wait_state(page, "1003", "talking with")
    (other,) = [one for one in program.get(f"{LIVE}/callSegments") if one["extensionNumber"] == "1003"]
    for deed in ("hangup", "hold", "mute", "startRecording", "park"):
        assert post(page, f"callSegments/{other['id']}/{deed}") == [403, "You may not do that."]
    assert post(page, "extensions/getByName/1003/enableDnd") == [403, "You may not do that."]
    phones["1002"].command("hangup")
    wait_state(page, "1003", "idle")
    # Members of a conference are seen, and left alone.
    dial(phones["1002"], "3000", server)
    page.wait("document.querySelector('.conference .member') !== null", what="a member")
    assert shown(page, ".conference .member") == []
    assert len(shown(page, ".conference")) == 1, "one may join"
    # Of agents one is oneself.
    program.do("POST", f"{LIVE}/queues/getByName/5001/login", {"extensionNumber": "1001"})
    program.do("POST", f"{LIVE}/queues/getByName/5001/login", {"extensionNumber": "1002"})
    for number in ("1001", "1002"):
        page.wait(f"[...document.querySelectorAll('.agent')].some((one) => one.textContent.includes('{number}'))", what=f"agent {number}")
    buttons = shown(page, ".agent")
    assert buttons and all("1001" in name for name in buttons), buttons
    # What is one's own is one's own.
    call_me(page, phones, server, caller="1003")
    deeds = [name.split(":")[0] for name in shown(page, OWN_CALL)]
    assert deeds == ["Transfer", "Hold", "Park", "Record", "Mute", "Hang up"]
    page.click(f"{OWN_CALL} [data-deed=end]")
    wait_no_call(page)


def test_a_guest_sees_nobody(page_of, phones, server, program):
    page = page_of("1004")
    dial(phones["1002"], "1003", server)
    phones["1003"].wait_for("CALL_ESTABLISHED")
    page.wait("[...document.querySelectorAll('.someone')].map((one) => one.dataset.extension).join() === '1004'", what="only 1004")
    assert page.run("['queues-panel', 'lots-panel', 'conferences-panel', 'past-panel'].every((id) => document.getElementById(id).hidden)")
    assert not page.run("document.getElementById('dnd').checkVisibility()")
    assert post(page, "extensions/getByName/1004/enableDnd") == [403, "You may not do that."]
    page.click("#number")
    page.type("1001")
    page.press("Enter")
    wait_stage(page, "talking")
    assert shown(page, OWN_CALL) == []
    phones["1004"].command("hangup")
    wait_no_call(page)
    # Of the call of others there was not a word.
    assert page.run("document.querySelectorAll('.someone').length") == 1


def test_ended_calls_of_others_are_not_read(page_of, phones, server, program):
    for called in ("1003", "1001"):
        dial(phones["1002"], called, server)
        phones[called].wait_for("CALL_ESTABLISHED")
        phones["1002"].command("hangup")
        phones[called].wait_for("CALL_CLOSED")
    deadline = time.monotonic() + 20
    wanted = {("1002", "1001"), ("1002", "1003")}
    while not wanted <= {(call["callerIdNumber"], call["destination"]) for call in program.get(f"{LIVE}/callHistory")["calls"]}:
        assert time.monotonic() < deadline, program.get(f"{LIVE}/callHistory")
        time.sleep(0.05)
    page = page_of("1001")
    search_past(page, "1002")
    page.wait(f"{PAST}.some((row) => row.includes('1002') && row.includes('1001'))", what="one's own")
    assert page.run(f"{PAST}.every((row) => row.includes('1001'))")
    search_past(page, "1003")
    page.wait(f"{PAST}.every((row) => row.includes('1003'))", what="what was searched for")
    assert page.run(f"{PAST}.every((row) => row.includes('1001'))"), "that of others is not there"


def test_leafing_to_older_calls(page_of, server, program):
    """Every call once, in their order, however many pages it takes; and what ends meanwhile throws nobody back."""
    with server.connect() as socket:
        for index in range(MANY):
            reply = socket.api(f"originate {{origination_caller_id_number=1001,origination_caller_id_name=Leaf{index:02}}}null/leaf{index:02} &hangup")
            assert "OK" in reply or "NORMAL_CLEARING" in reply, reply
    deadline = time.monotonic() + 20
    where = f"{LIVE}/callHistory?search=leaf&limit=500"
    while len(program.get(where)["calls"]) < MANY:
        assert time.monotonic() < deadline, f"only {len(program.get(where)['calls'])} calls are recorded"
        time.sleep(0.1)
    expected = [call["id"] for call in program.get(where)["calls"]]
    assert len(expected) == MANY
    page = page_of("1001")
    rows = "document.querySelectorAll('#past tr').length"
    search_past(page, "leaf")
    page.wait(f"{rows} === 25", what="a page")
    older = "document.getElementById('past-older')"
    assert page.run(f"!{older}.hidden && {older}.checkVisibility()")
    # By keyboard, too.
    page.run(f"{older}.focus()")
    page.press("Enter")
    page.wait(f"{rows} === 50", what="two pages")
    # A call that ends now is not put in between, nor does it begin the list anew.
    with server.connect() as socket:
        socket.api("originate {origination_caller_id_number=1001}null/leaflate &hangup")
    while len(program.get(where)["calls"]) <= MANY:
        assert time.monotonic() < deadline + 20, "the last call is not recorded"
        time.sleep(0.1)
    page.click("#past-older")
    page.wait(f"{rows} === {MANY}", what="all of them")
    page.wait(f"{older}.hidden", what="there are no older ones")
    seen = page.run("[...document.querySelectorAll('#past tr')].map((row) => row.cells[2].textContent)")
    calls = {call["id"]: call["destination"] for call in program.get(where)["calls"]}
    assert seen == [calls[one] for one in expected]
    assert len(set(seen)) == MANY
    search_past(page, "leaf")
    page.wait(f"{rows} === 25 && [...document.querySelectorAll('#past tr')][0].cells[2].textContent.includes('late')", what="from the beginning")


def test_a_search_that_is_refused_says_so(page_of):
    page = page_of("1001")
    # The first page of calls is there, and with it the search.
    page.wait("document.getElementById('past-search').checkVisibility()")
    page.run("""(() => {
      const before = window.fetch;
      window.fetch = (url, how) => String(url).includes('callHistory')
        ? Promise.resolve(new Response('There are too many records.', { status: 503 })) : before(url, how);
    })()""")
    search_past(page, "x")
    page.wait("document.getElementById('past-why').textContent === 'There are too many records.'")
    assert page.run("document.getElementById('past-why').checkVisibility()")
    assert page.accessibility()["violations"] == []
