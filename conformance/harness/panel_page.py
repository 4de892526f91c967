"""The panel page in a browser, as the tests of it use it."""

import time

from .ear import Recording, tone_near

SAID = "document.getElementById('said').textContent"
ALARM = "document.getElementById('alarm').textContent"
# Desk phones and what they play: hertz, dBFS. 1001 is that of who has signed in.
TONES = {"1001": (600.0, -12.0), "1002": (1000.0, -18.0), "1003": (1700.0, -15.0)}

OWN_CALL = ".own-call"

LIVE = "rest/live/coreServers/getByName/default"

PAST = "[...document.querySelectorAll('#past tr')].map((row) => row.textContent)"

# Where the middle of something is on the screen; what is further down comes into sight.
MIDDLE = """(() => {{
  const one = document.querySelector('{selector}');
  one.scrollIntoView({{ block: 'nearest' }});
  const box = one.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}})()"""


def open_panel(browser, server, **more):
    page = browser.open(f"{server.console}/panel", **more)
    page.wait("!document.getElementById('sign-in-panel').hidden || !document.getElementById('office').hidden")
    if page.run("document.getElementById('sign-in-panel').hidden"):
        # Somebody has signed in with this browser before.
        page.click("#sign-out")
        page.wait("!document.getElementById('sign-in-panel').hidden")
    return page


def sign_in(page, user="1001", password="1234"):
    page.run("document.getElementById('user').value = ''")
    page.click("#user")
    page.type(user)
    page.press("Tab")
    page.type(password)
    page.press("Enter")


def middle(page, selector):
    return page.run(MIDDLE.format(selector=selector))


def person(number):
    return f'.someone[data-extension="{number}"]'


def wait_state(page, number, words):
    page.wait(f"document.querySelector('{person(number)} .state')?.textContent.includes('{words}')", what=f"{number}: {words}")


def wait_stage(page, stage):
    page.wait(f"document.querySelector('{OWN_CALL}')?.dataset.stage === '{stage}'", what=stage)


def wait_no_call(page):
    page.wait(f"document.querySelector('{OWN_CALL}') === null", what="no call")


def tab_to(page, wanted, most=120):
    """Presses Tab until the keyboard is there."""
    for _ in range(most):
        if page.run(wanted):
            return
        page.press("Tab")
    raise AssertionError(f"{wanted}: not reached with the Tab key")


def dial(phone, number, server):
    phone.command("dial", f"sip:{number}@127.0.0.1:{server.sip_port}")


def call_me(page, phones, server, caller="1002"):
    dial(phones[caller], "1001", server)
    wait_stage(page, "talking")


def assert_hears(phone, hertz, seconds=45):
    """The last call of that phone had the tone in it; it has ended."""
    deadline = time.monotonic() + seconds
    while True:
        heard = phone.heard()
        if heard:
            recording = Recording(heard[-1])
            found, level = tone_near(recording.channel(0), recording.rate, hertz)
            if abs(found - hertz) < 0.01 * hertz and level > -40:
                return
        assert time.monotonic() < deadline, f"phone {phone.user} does not hear {hertz} Hz: {heard}"
        time.sleep(0.1)


def search_past(page, text):
    page.wait("document.getElementById('past-search').checkVisibility()")
    page.run("document.getElementById('past-search').value = ''")
    page.click("#past-search")
    page.type(text)
    page.press("Enter")
