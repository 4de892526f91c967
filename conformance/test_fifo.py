"""Fifos with telephones: callers hear music until somebody takes them, one after the other."""

import shutil
import time
import xml.etree.ElementTree as xml
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.ear import Recording, assert_tone, tone_near
from harness.phone import Phone
from harness.server import Server

CONFIG = Path(__file__).resolve().parents[1] / "config"
MUSIC_HZ, MUSIC_DB = 800.0, -12.0
VOICES = {"1001": (600.0, -12.0), "1005": (440.0, -12.0), "1006": (1200.0, -12.0)}
NUMBERS = """
    <extension name="fifo in">
      <condition field="destination_number" expression="^5010$">
        <action application="answer"/>
        <action application="fifo" data="help in"/>
      </condition>
    </extension>
    <extension name="fifo out">
      <condition field="destination_number" expression="^5011$">
        <action application="answer"/>
        <action application="fifo" data="help out wait"/>
      </condition>
    </extension>

    <extension name="fifo in, urgent">
      <condition field="destination_number" expression="^5012$">
        <action application="answer"/>
        <action application="set" data="fifo_priority=1"/>
        <action application="fifo" data="other in"/>
      </condition>
    </extension>
    <extension name="fifo in, another one">
      <condition field="destination_number" expression="^5013$">
        <action application="answer"/>
        <action application="fifo" data="other in"/>
      </condition>
    </extension>
    <extension name="two fifos out">
      <condition field="destination_number" expression="^5014$">
        <action application="answer"/>
        <action application="fifo" data="help,other out wait"/>
      </condition>
    </extension>

    <!-- 7300 to 7699"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The built-in configuration with music that is one tone, and two numbers more."""
    folder = tmp_path_factory.mktemp("server")
    config = folder / "xml"
    shutil.copytree(CONFIG, config)
    for name, old, new in (
        ("vars.xml", "local_stream://moh", f"tone_stream://v=-12;%(1000,0,{MUSIC_HZ:.0f})"),
        ("dialplan/default.xml", "    <!-- 7300 to 7699", NUMBERS),
    ):
        text = (config / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (config / name).write_text(text.replace(old, new, 1))
    running = Server(folder / "run", xml_root=config / "freeswitch.xml")
    yield running
    running.stop()


@pytest.fixture
def people(server, tmp_path):
    """Makes registered phones, and hangs up with all of them."""
    with ExitStack() as end:

        def phone(user, answers=True):
            made = Phone(tmp_path / user, user, "1234", server.sip_port, *VOICES[user], answers=answers)
            end.callback(made.stop)
            return made.registered()

        yield phone


@pytest.fixture
def desk(server):
    with server.connect() as socket:
        socket.command("event plain CUSTOM fifo::info")
        yield socket
        socket.api("hupall")


def tells(socket, action, fifo="help", **fields):
    return socket.wait_for("CUSTOM", 45, FIFO_Name=fifo, FIFO_Action=action, **fields)


def dial(phone, server, number):
    phone.command("dial", f"sip:{number}@127.0.0.1:{server.sip_port}")


def heard(phone):
    recording = Recording(phone.heard()[-1])
    return recording.channel(0), recording.rate


def test_callers_hear_music_until_the_consumer_takes_them(server, desk, people):
    first, second, agent = people("1005"), people("1006"), people("1001")
    dial(first, server, "5010")
    one = tells(desk, "push")["Unique-ID"]
    dial(second, server, "5010")
    two = tells(desk, "push")["Unique-ID"]
    assert desk.api("fifo count help") == "help:0:2:0:0:0\n"
    time.sleep(2.0)
    dial(agent, server, "5011")
    taken = tells(desk, "consumer_pop")
    assert (taken["FIFO-Caller-UUID"], taken["FIFO-Caller-CID-Number"]) == (one, "1005")
    assert tells(desk, "bridge-caller-start")["Unique-ID"] == one
    time.sleep(2.0)
    first.command("hangup")
    # The next one is there at once.
    assert tells(desk, "consumer_pop")["FIFO-Caller-UUID"] == two
    tells(desk, "bridge-caller-start", Unique_ID=two)
    assert 'status="TALKING"' in desk.api("fifo list help")
    time.sleep(2.0)
    agent.command("hangup")
    tells(desk, "consumer_stop")
    assert desk.api("fifo count help") == "-ERR no reply\n", "nobody is there"

    first.wait_for("CALL_CLOSED")
    samples, rate = heard(first)
    half = len(samples) // 2
    assert_tone(samples[: half - rate // 2], rate, MUSIC_HZ, MUSIC_DB, "the caller who waits")
    assert_tone(samples[-rate:], rate, *VOICES["1001"], "the caller who talks")
    agent.wait_for("CALL_CLOSED")
    samples, rate = heard(agent)
    assert_tone(samples[rate // 2: rate * 3 // 2], rate, *VOICES["1005"], "the consumer with the first caller")
    assert_tone(samples[-rate:], rate, *VOICES["1006"], "the consumer with the second caller")
    assert tone_near(samples[-rate:], rate, MUSIC_HZ)[1] < -40, "the consumer hears no music"


def test_a_consumer_who_is_first_hears_music_too(server, desk, people):
    agent, caller = people("1001"), people("1005")
    dial(agent, server, "5011")
    tells(desk, "consumer_start")
    time.sleep(2.0)
    dial(caller, server, "5010")
    tells(desk, "bridge-consumer-start")
    time.sleep(2.0)
    agent.command("hangup")
    tells(desk, "consumer_stop")
    agent.wait_for("CALL_CLOSED")
    samples, rate = heard(agent)
    assert_tone(samples[rate // 2: rate * 3 // 2], rate, MUSIC_HZ, MUSIC_DB, "the consumer who waits")
    assert_tone(samples[-rate:], rate, *VOICES["1005"], "the consumer who talks")


def test_the_urgent_caller_is_first_and_the_consumer_serves_two_fifos(server, desk, people):
    usual, urgent, agent = people("1005"), people("1006"), people("1001")

    def of_other(action):
        return tells(desk, action, fifo="other")

    dial(usual, server, "5013")
    first = of_other("push")
    assert first["FIFO-Slot"] == "0"
    dial(urgent, server, "5012")
    second = of_other("push")
    assert second["FIFO-Slot"] == "1"
    listed = xml.fromstring(desk.api("fifo list other"))
    rows = [(row.get("uuid"), row.get("position"), row.get("slot")) for row in listed.iter("caller")]
    assert rows == [(second["Unique-ID"], "1", "1"), (first["Unique-ID"], "2", "0")]
    dial(agent, server, "5014")
    assert of_other("consumer_pop")["FIFO-Caller-UUID"] == second["Unique-ID"]
    of_other("bridge-caller-start")
    assert desk.api("fifo count help") == "-ERR no reply\n", "the consumer is in the fifo of the talk"
    time.sleep(2)
    urgent.command("hangup")
    assert of_other("consumer_pop")["FIFO-Caller-UUID"] == first["Unique-ID"]
    of_other("bridge-caller-start")
    usual.command("hangup")
    of_other("consumer_reentrance")
    assert desk.api("fifo count help") == "help:1:0:0:0:1\n"
    dial(usual, server, "5010")
    tells(desk, "bridge-caller-start")
    agent.command("hangup")
    tells(desk, "consumer_stop")
    of_other("consumer_stop")
    urgent.wait_for("CALL_CLOSED")
    samples, rate = heard(urgent)
    assert_tone(samples[-rate:], rate, *VOICES["1001"], "the urgent caller, who talks")


def member(desk, dial):
    """The row of a member, and what stands in it."""
    listed = xml.fromstring(desk.api("fifo list help"))
    rows = [row for row in listed.iter("member") if row.text == dial]
    return rows[0].attrib if rows else None


def test_members_are_called_and_one_gets_the_caller(server, people, desk):
    caller, first, second = people("1001"), people("1005", answers=False), people("1006", answers=False)
    for phone in first, second:
        assert desk.api(f"fifo_member add help user/{phone.user} 1 30 2") == "+OK\n"
    assert desk.api("fifo count help") == "help:0:0:2:0:0\n"
    caller.command("dial", f"sip:5010@127.0.0.1:{server.sip_port}")
    called = {tells(desk, "pre-dial")["FIFO-Member"] for _ in (first, second)}
    assert called == {"user/1005", "user/1006"}
    second.wait_for("CALL_INCOMING")
    first.wait_for("CALL_INCOMING")
    second.command("accept")
    results = [tells(desk, "post-dial") for _ in (first, second)]
    assert {(one["FIFO-Member"], one["FIFO-Result"], one.get("FIFO-Cause")) for one in results} == {
        ("user/1006", "success", None), ("user/1005", "failure", "LOSE_RACE"),
    }
    talk = tells(desk, "bridge-caller-start")
    assert desk.api(f"fifo_check_bridge {talk['Unique-ID']}") == "true"
    assert member(desk, "user/1006")["use_count"] == "1"
    first.wait_for("CALL_CLOSED")
    time.sleep(2)
    second.command("hangup")
    tells(desk, "bridge-caller-stop")
    caller.wait_for("CALL_CLOSED")
    assert_heard_each_other(caller, second)
    row = member(desk, "user/1006")
    assert (row["outbound-call-count"], row["use_count"], row["static"]) == ("1", "0", "0")
    for user in "1005", "1006":
        assert desk.api(f"fifo_member del help user/{user}") == "+OK\n"
    assert desk.api("fifo count help") == "-ERR no reply\n"


def test_a_member_is_called_for_the_priorities_it_takes(server, desk, people):
    usual, urgent, agent = people("1005"), people("1006"), people("1001", answers=False)
    dialled = "{fifo_pop_order=1}user/1001"
    assert desk.api(f"fifo_member add other {dialled} 1 30 2") == "+OK\n"
    dial(usual, server, "5013")
    tells(desk, "push", fifo="other")
    time.sleep(1)
    assert desk.api("fifo count other") == "other:0:1:1:0:0\n", "nobody is called"
    dial(urgent, server, "5012")
    second = tells(desk, "push", fifo="other")["Unique-ID"]
    assert tells(desk, "pre-dial", fifo="other")["FIFO-Member"] == dialled
    agent.wait_for("CALL_INCOMING")
    agent.command("accept")
    assert tells(desk, "consumer_pop", fifo="other")["FIFO-Caller-UUID"] == second
    tells(desk, "bridge-caller-start", fifo="other", Unique_ID=second)
    assert desk.api(f"fifo_member del other {dialled}") == "+OK\n"


def assert_heard_each_other(*phones):
    one, other = phones
    for listener, talker in (one, other), (other, one):
        recording = Recording(listener.heard()[-1])
        hertz, level = tone_near(recording.channel(0), recording.rate, VOICES[talker.user][0], tolerance=0.03)
        assert abs(hertz - VOICES[talker.user][0]) < 6 and level > -30, (hertz, level)


def test_members_survive_the_server(server):
    with server.connect() as desk:
        assert desk.api("fifo_member add kept user/1005 2 30 9 0 0") == "+OK\n"
        assert desk.api("fifo_member add kept user/1006") == "+OK\n"
        assert desk.api("fifo_member del kept user/1006") == "+OK\n"
    server.restart()
    with server.connect() as desk:
        assert desk.api("fifo count kept") == "kept:0:0:1:0:0\n"
        [row] = xml.fromstring(desk.api("fifo list kept")).iter("member")
        assert row.text == "user/1005"
        assert [row.attrib[name] for name in ("simo", "timeout", "lag", "taking-calls")] == ["2", "30", "9", "0"]
        assert desk.api("fifo reparse del_all") == "+OK\n"
        assert desk.api("fifo count kept") == "-ERR no reply\n"
