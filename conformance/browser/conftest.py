"""Browsers, and clients of the web gateway in them."""

import pytest

from harness.browser import Browser, Driver
from harness.phone import Phone
from harness.sound_card import SoundCard
from harness.tone import write_tone
from harness.web_client import FIREFOX_TONE, FIRST_TONE, SECOND_TONE, WebClient


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    running = Driver(tmp_path_factory.mktemp("driver") / "driver.log")
    yield running
    running.stop()


def chromium(driver, folder, tone):
    wav = folder / "tone.wav"
    # Whole periods, so that the end of the file meets its beginning.
    write_tone(wav, *tone, seconds=10, rate=48000)
    return Browser(driver, folder / "profile", tone, wav)


@pytest.fixture(scope="session")
def browser(driver, tmp_path_factory):
    return chromium(driver, tmp_path_factory.mktemp("first"), FIRST_TONE)


@pytest.fixture(scope="session")
def second_browser(driver, tmp_path_factory):
    return chromium(driver, tmp_path_factory.mktemp("second"), SECOND_TONE)


@pytest.fixture(scope="session")
def sound_card(tmp_path_factory):
    running = SoundCard(tmp_path_factory.mktemp("sound") / "card")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def make_firefox(driver, sound_card, tmp_path_factory):
    def make(**more):
        folder = tmp_path_factory.mktemp("firefox") / "profile"
        return Browser(driver, folder, FIREFOX_TONE, kind="firefox", sound_card=sound_card.address, **more)

    return make


@pytest.fixture(scope="session")
def firefox(make_firefox):
    return make_firefox()


@pytest.fixture(params=["chromium", "firefox"])
def either(request):
    """Each of the two families of browsers in its turn."""
    return request.getfixturevalue({"chromium": "browser", "firefox": "firefox"}[request.param])


@pytest.fixture
def client(browser, server):
    """Makes clients in the first browser; all are closed afterwards, and must have been content."""
    made = []

    def make(generation="d2", where=browser):
        made.append(WebClient(where, server, generation))
        return made[-1]

    yield make
    try:
        for one in made:
            one.assert_content()
    finally:
        for one in made:
            one.close()


@pytest.fixture
def phone(server, tmp_path):
    """Makes registered desk phones with a tone of their own."""
    made = []

    def make(user, codec="PCMU", hertz=1300.0, level=-15.0, **more):
        made.append(Phone(tmp_path / user, user, "1234", server.sip_port, hertz, level, codec=codec, **more))
        return made[-1].registered()

    yield make
    for one in made:
        one.stop()
