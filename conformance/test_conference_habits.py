"""Conferences that record and announce by themselves, by ear: `[[conference]]` of the configuration."""

import time

import pytest

from harness.ear import Recording, assert_tone, gaps
from harness.phone import TONES, Phone
from harness.server import Server
from harness.tone import write_tone

# Prompts of the folder of sounds are heard in the place of those compiled in: tones are easier to recognise than words.
PROMPTS = {"conf-there_are": 1100, "conf-members": 1300, "conf-has_joined": 700, "conf-has_left": 900}
LEVEL_DBFS = -12
CONFERENCE = """
[[conference]]
name = "3000"
record = true
announce_join = true
announce_leave = true
announce_count = true
"""


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "run", tables=CONFERENCE)
    folder = running.folder / "sounds/conference"
    folder.mkdir(parents=True)
    for name, hertz in PROMPTS.items():
        write_tone(folder / f"{name}.wav", hertz, LEVEL_DBFS, 1)
    yield running
    running.stop()


@pytest.fixture
def phone(server, tmp_path):
    hertz, level = TONES["1001"]
    made = Phone(tmp_path / "1001", "1001", "1234", server.sip_port, hertz, level)
    yield made.registered()
    made.stop()


def recordings(server, seconds=20):
    """Those of conferences, which are whole when nobody writes at them any more."""
    deadline = time.monotonic() + seconds
    while True:
        found = sorted(server.recordings.glob("conference-*.wav"))
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_who_comes_and_goes_is_announced_and_all_of_it_is_recorded(server, phone):
    with server.connect() as desk:
        desk.command("event plain CUSTOM conference::maintenance")
        phone.command("dial", "3000")
        begun = desk.wait_for("CUSTOM", 30, Action="start-recording")
        joined = desk.api("originate null/42 &conference(3000-127.0.0.1@default)")
        assert joined.startswith("+OK "), joined
        # Its number, that it has joined, and how many there are: five prompts, three of them a second long.
        time.sleep(6)
        desk.api(f"uuid_kill {joined[4:].strip()}")
        desk.wait_for("CUSTOM", 30, Action="del-member")
        time.sleep(3)
        phone.command("hangup")
        over = desk.wait_for("CUSTOM", 30, Action="stop-recording")
        desk.wait_for("CUSTOM", 30, Action="conference-destroy")
    heard = Recording(phone.heard()[-1])
    for name, hertz in PROMPTS.items():
        assert_tone(heard.channel(0), heard.rate, hertz, LEVEL_DBFS, name)
    (path,) = recordings(server)
    assert path.name.startswith("conference-3000-")
    kept = Recording(path)
    took = (int(over["Event-Date-Timestamp"]) - int(begun["Event-Date-Timestamp"])) / 1e6
    assert abs(kept.seconds - took) < 0.5, f"{kept.seconds} s of {took} s"
    hertz, level = TONES["1001"]
    assert_tone(kept.channel(0), kept.rate, hertz, level, "the caller")


def test_another_conference_does_nothing_of_it(server, phone):
    with server.connect() as desk:
        desk.command("event plain CUSTOM conference::maintenance")
        phone.command("dial", "3001")
        desk.wait_for("CUSTOM", 30, Action="add-member")
        joined = desk.api("originate null/x &conference(3001-127.0.0.1@default)")
        assert joined.startswith("+OK "), joined
        time.sleep(2)
        desk.api(f"uuid_kill {joined[4:].strip()}")
        phone.command("hangup")
        desk.wait_for("CUSTOM", 30, Action="conference-destroy")
    heard = Recording(phone.heard()[-1])
    for name, hertz in PROMPTS.items():
        with pytest.raises(AssertionError):
            assert_tone(heard.channel(0), heard.rate, hertz, LEVEL_DBFS, name)
    assert not list(server.recordings.glob("conference-*"))


def test_noise_and_what_is_too_loud_are_not_heard(server, phone, tmp_path):
    room = "conference 3002-127.0.0.1"
    listener = Phone(tmp_path / "1002", "1002", "1234", server.sip_port, *TONES["1002"])
    with server.connect() as desk:
        try:
            desk.command("event plain CUSTOM conference::maintenance")
            listener.registered().command("dial", "3002")
            desk.wait_for("CUSTOM", 30, Action="add-member")
            phone.command("dial", "3002")
            number = desk.wait_for("CUSTOM", 30, Action="add-member")["Member-ID"]
            desk.wait_for("CUSTOM", 30, Action="start-talking", Member_ID=number)
            time.sleep(2)
            for word, header in ("auto-energy", "Auto-Energy"), ("max-energy", "Max-Energy"):
                # A tone that never pauses is noise, and far louder than a tenth of itself.
                level = {"auto-energy": 30000, "max-energy": 500}[word]
                said = desk.api(f"{room} {word} {number} {level}")
                assert said == f"{number} = {header}: {level} Energy: 100\n"
                told = desk.wait_for("CUSTOM", 30, Action=f"{word}-level-member", Member_ID=number)
                assert told[f"{header}-Level"] == str(level)
                desk.wait_for("CUSTOM", 30, Action="stop-talking", Member_ID=number)
                time.sleep(1)
                assert desk.api(f"{room} {word} {number} 0") == f"{number} = {header}: 0 Energy: 100\n"
                desk.wait_for("CUSTOM", 30, Action="start-talking", Member_ID=number)
                time.sleep(1)
            phone.command("hangup")
            desk.wait_for("CUSTOM", 30, Action="del-member", Member_ID=number)
            listener.command("hangup")
            listener.wait_for("CALL_CLOSED")
        finally:
            listener.stop()
    heard = Recording(listener.heard()[-1])
    hertz, level = TONES["1001"]
    assert_tone(heard.channel(0), heard.rate, hertz, level, "the one who talks")
    silent = gaps(heard.channel(0), heard.rate, hertz)
    assert 1600 < silent < 6000, f"{silent} ms of silence while somebody was kept out for a second, twice"
