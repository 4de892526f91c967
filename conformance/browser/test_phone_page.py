"""The telephone at /phone: used by keyboard alone, heard, looked at, and checked for accessibility."""

import time

import pytest

from harness.browser import Browser
from harness.ear import assert_tone, until_heard

FOCUS = "document.activeElement.id"
SAID = "document.getElementById('said').textContent"
ALARM = "document.getElementById('alarm').textContent"

# What the page plays, for our ears: the latest second of it.
HEARD = """(async () => {
  const stream = document.getElementById('far-audio').srcObject;
  const context = new AudioContext({ sampleRate: 48000 });
  await context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 32768;
  context.createMediaStreamSource(stream).connect(analyser);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  await context.close();
  return Array.from(samples);
})()"""

# Whether twenty pictures of the far side are shown within as many seconds.
PICTURES = """new Promise((resolve) => {
  const video = document.getElementById('far-video');
  let left = 20;
  const shown = () => {
    left -= 1;
    if (left) video.requestVideoFrameCallback(shown); else resolve(true);
  };
  video.requestVideoFrameCallback(shown);
  setTimeout(() => resolve(false), 20000);
})"""


@pytest.fixture
def page(either, server):
    opened = either.open(f"{server.console}/phone")
    # Settings of an earlier test would be proposed.
    opened.run("localStorage.clear(); sessionStorage.clear()")
    opened.reload()
    yield opened
    seen = opened.seen()
    opened.close()
    assert seen["errors"] == [], "the policy or a script complained"
    # Firefox counts what asks nobody, and its sockets.
    own = (f"{server.console}/", "data:", server.gateway.replace("ws:", "http:"))
    strangers = [url for url in seen["asked"] if not url.startswith(own)]
    assert strangers == [], "the page asked somebody else"


def sign_in(page, user="1001", password="1234", processing=False):
    """With the Tab key from the top of the page."""
    page.press("Tab")
    assert page.run("document.activeElement.textContent") == "Skip to the telephone"
    page.press("Tab", "Tab")
    assert page.run(FOCUS) == "user"
    page.type(user)
    page.press("Tab")
    assert page.run("document.getElementById('domain').value") == "127.0.0.1", "the server's domain is proposed"
    page.press("Tab")
    page.type(password)
    page.press("Tab")
    if not processing:
        # A steady tone is noise to the clean-up; it is switched off below "Name, server and sound".
        page.press("Enter", "Tab", "Tab", "Tab")
        assert page.run(FOCUS) == "processing"
        page.press(" ", "Tab", "Tab")
    else:
        page.press("Tab")
    page.press("Enter")


def hears(page, hertz, level_dbfs, what):
    until_heard(lambda: page.run(HEARD), lambda heard: assert_tone(heard, 48000, hertz, level_dbfs, what))


def hears_nothing(page, what):
    def judge(heard):
        assert max(abs(sample) for sample in heard) < 0.001, what

    until_heard(lambda: page.run(HEARD), judge)


def test_a_call_by_keyboard_alone(page, tmp_path):
    sign_in(page)
    page.wait(f"{SAID}.startsWith('Signed in as 1001@')")
    assert page.run(FOCUS) == "number", "signed in, the next thing is the number"
    page.type("9196")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Connected')")
    assert page.run(FOCUS) == "call-title"
    hears(page, *page.browser.tone, "echo in the telephone")
    for side in ("own", "far"):
        level = f"Number(document.getElementById('{side}-meter').getAttribute('aria-valuenow'))"
        page.wait(f"Math.abs({level} - {page.browser.tone[1]}) <= 2", what=f"{side} meter")
    page.press("5", "#")
    assert page.run("document.getElementById('sent').textContent") == "5#"
    page.look(tmp_path / "call.png")
    page.press("Tab")
    assert page.run(FOCUS) == "mute"
    page.press(" ")
    assert page.run("document.getElementById('mute').getAttribute('aria-pressed')") == "true"
    time.sleep(1)
    hears_nothing(page, "muted, and still an echo")
    page.press(" ", "Tab", "Tab")
    assert page.run(FOCUS) == "hang-up"
    page.press("Enter")
    page.wait(f"{SAID} === 'You hung up.'")
    assert page.run(FOCUS) == "number"
    entry = page.run("document.querySelector('#calls li').textContent")
    assert entry.startswith("9196Called, 0:"), entry


def test_a_call_that_comes_in(page, client, second_browser):
    sign_in(page)
    page.wait(f"{SAID}.startsWith('Signed in')")
    other = client("d2", second_browser).registered("1002")
    other.call("1001")
    page.wait(f"{ALARM}.startsWith('Incoming call from')")
    page.press("F2")
    page.wait(f"{SAID}.startsWith('Connected')")
    other.wait_media()
    until_heard(
        lambda: other.listen(2),
        lambda heard: assert_tone(
            heard.got[len(heard.got) // 2 :], heard.rate, *page.browser.tone, "the telephone's microphone",
        ),
    )
    page.press("F8")
    assert other.wait_state("terminated")["reason"] == "200 Session Terminated"
    other.call("1001")
    page.wait(f"{ALARM}.startsWith('Incoming call from')")
    page.press("F8")
    assert other.wait_state("terminated")["reason"].startswith("486")
    page.wait(f"{SAID} === 'You declined the call.'")
    other.call("1001")
    page.wait(f"{ALARM}.startsWith('Incoming call from')")
    other.terminate()
    page.wait(f"{SAID}.startsWith('Missed call from')")
    assert page.run("document.querySelectorAll('#calls li').length") == 3


def test_a_video_call(page, client, second_browser):
    sign_in(page)
    page.wait(f"{SAID}.startsWith('Signed in')")
    other = client("d2", second_browser).registered("1002")
    page.type("1002")
    page.press("Tab", "Tab", "Enter")
    other.wait_incoming()
    other.answer(video=True)
    page.wait(f"{SAID}.startsWith('Connected')")
    assert page.run(PICTURES), "pictures"
    other.page.wait("jackfield.figures(null).then((figures) => figures.framesDecoded > 20)", 20, "pictures of the telephone")
    other.terminate()
    page.wait(f"{SAID} === 'The other side hung up.'")


def test_hold_and_back(page, phone):
    desk = phone("1002")
    sign_in(page)
    page.wait(f"{SAID}.startsWith('Signed in')")
    page.type("1002")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Connected')")
    hears(page, desk.tone_hz, desk.tone_dbfs, "the phone")
    page.press("Tab", "Tab")
    assert page.run(FOCUS) == "hold"
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('On hold')")
    time.sleep(1)
    hears_nothing(page, "on hold, and still heard")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Connected')")
    time.sleep(1)
    hears(page, desk.tone_hz, desk.tone_dbfs, "the phone, back")
    page.press("F8")
    desk.wait_for("CALL_CLOSED")


def test_what_goes_wrong_is_said(page):
    sign_in(page, password="wrong")
    page.wait(f"{ALARM} === 'User or password is wrong.'")
    assert page.run(FOCUS) == "password"
    page.type("1234")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Signed in')")
    page.run("document.getElementById('number').focus()")
    page.type("777777")
    page.press("Enter")
    page.wait(f"{ALARM} === 'There is nobody at this number (404).'")


def test_loading_the_page_again_stays_signed_in_and_hangs_up(page, phone):
    desk = phone("1002")
    sign_in(page)
    page.wait(f"{SAID}.startsWith('Signed in')")
    page.type("1002")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Connected')")
    page.reload()
    desk.wait_for("CALL_CLOSED")
    page.wait(f"{SAID}.startsWith('Signed in as 1001@')")


def test_it_is_accessible_in_every_state_and_colour(page):
    # Nobody outside can tell Firefox that it is dark.
    schemes = (False, True) if page.browser.kind == "chromium" else (None,)

    def check(state):
        for dark in schemes:
            if dark is not None:
                page.scheme(dark)
            found = page.accessibility()
            assert found["violations"] == [], f"{state}, {'dark' if dark else 'light'}: {found['violations']}"
            assert found["passes"] > 20

    check("signed out")
    page.run("document.getElementById('more').open = true")
    check("with everything about the account")
    page.run("document.getElementById('more').open = false")
    sign_in(page)
    page.wait(f"{SAID}.startsWith('Signed in')")
    check("signed in")
    page.type("9196")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Connected')")
    check("in a call")
    page.press("F8")
    page.wait(f"{SAID} === 'You hung up.'")
    check("with a list of calls")


def test_nothing_moves_for_those_who_do_not_like_it(page):
    """Every animation stands behind the wish for motion."""
    moving = page.run("""[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
      .filter((rule) => rule.style && (rule.style.animationName || rule.style.transitionDuration))
      .map((rule) => rule.cssText)""")
    assert moving == []


def test_no_width_needs_scrolling_sideways(page):
    for width in (320, 390, 768, 1280):
        page.size(width, 800)
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), f"{width} pixels"


def test_the_front_page_lists_what_is_open(either, server):
    front = either.open(f"{server.console}/")
    try:
        text = front.run("document.body.innerText")
        for expected in (str(server.event_socket_port), str(server.sip_port), str(server.gateway_port)):
            assert expected in text
        assert front.accessibility()["violations"] == []
        front.press("Tab")
        front.press("Enter")
        front.wait("location.pathname === '/phone'")
        assert front.seen()["errors"] == []
    finally:
        front.close()


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_over_https_the_gateway_is_met_over_wss(kind, driver, make_firefox, server, tmp_path):
    if kind == "firefox":
        browser = make_firefox(trusting=True)
    else:
        browser = Browser(driver, tmp_path / "trusting", trusting=True)
    try:
        page = browser.open(f"{server.secure_console}/phone")
        assert page.run("document.getElementById('gateway').placeholder").startswith("wss://127.0.0.1:")
        sign_in(page)
        page.wait(f"{SAID}.startsWith('Signed in as 1001@')")
        page.type("9196")
        page.press("Enter")
        page.wait(f"{SAID}.startsWith('Connected')")
        page.press("F8")
        page.wait(f"{SAID} === 'You hung up.'")
        assert page.seen()["errors"] == []
    finally:
        browser.stop()
