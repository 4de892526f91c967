"""Queues with telephones: who waits and hears music, whom the queue calls, who is spared, who goes on elsewhere."""

import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.ear import Recording, assert_tone, tone_near
from harness.phone import Phone
from harness.server import Server

CONFIG = Path(__file__).resolve().parents[1] / "config"
QUEUE = "support@default"
MUSIC_HZ, MUSIC_DB = 800.0, -12.0
CALLER_HZ = 440.0
AGENTS = {"1001": (600.0, -12.0), "1002": (1000.0, -18.0)}

SHORT = """
    <queue name="short@default">
      <param name="moh-sound" value="$${hold_music}"/>
      <param name="max-wait-time" value="2"/>
      <param name="overflow" value="9197 XML default"/>
    </queue>
    <queue name="loud@default">
      <param name="strategy" value="ring-all"/>
      <param name="moh-sound" value="$${hold_music}"/>
    </queue>
"""
TIERS = """
    <tier queue="loud@default" agent="1001@default"/>
    <tier queue="loud@default" agent="1002@default"/>
"""
NUMBERS = """
    <extension name="short queue">
      <condition field="destination_number" expression="^5004$">
        <action application="answer"/>
        <action application="callcenter" data="short@default"/>
      </condition>
    </extension>
    <extension name="loud queue">
      <condition field="destination_number" expression="^5005$">
        <action application="answer"/>
        <action application="callcenter" data="loud@default"/>
      </condition>
    </extension>

    <!-- 7300 to 7699"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The built-in configuration with music that is one tone, and two more queues."""
    folder = tmp_path_factory.mktemp("server")
    xml = folder / "xml"
    shutil.copytree(CONFIG, xml)

    def change(name, *pairs):
        text = (xml / name).read_text()
        for old, new in pairs:
            assert old in text, f"{name} has no {old!r}"
            text = text.replace(old, new, 1)
        (xml / name).write_text(text)

    change("vars.xml", ("local_stream://moh", f"tone_stream://v=-12;%(1000,0,{MUSIC_HZ:.0f})"))
    change("autoload_configs/callcenter.conf.xml", ("  </queues>", SHORT + "  </queues>"), ("  </tiers>", TIERS + "  </tiers>"))
    change("dialplan/default.xml", ("    <!-- 7300 to 7699", NUMBERS))
    running = Server(folder / "run", xml_root=xml / "freeswitch.xml")
    yield running
    running.stop()


@pytest.fixture
def people(server, tmp_path):
    """Makes registered phones, and hangs up with all of them."""
    with ExitStack() as end:

        def phone(user, answers=True):
            hertz, level = AGENTS.get(user, (CALLER_HZ, -12.0))
            made = Phone(tmp_path / user, user, "1234", server.sip_port, hertz, level, answers=answers)
            end.callback(made.stop)
            return made.registered()

        yield phone


@pytest.fixture
def desk(server):
    """The console, with nobody at work, and what the queues tell."""
    with server.connect() as socket:
        socket.command("event plain CUSTOM callcenter::info valet_parking::info")
        for user in ("1000", "1001", "1002"):
            agent = f"{user}@default"
            assert config(socket, f"agent set status {agent} Logged Out") == "+OK"
            for delay in ("wrap_up_time", "reject_delay_time", "busy_delay_time", "no_answer_delay_time"):
                assert config(socket, f"agent set {delay} {agent} 0") == "+OK"
        yield socket
        socket.api("hupall")


def config(socket, words):
    return socket.api(f"callcenter_config {words}").strip()


def rows(socket, words):
    """A table as a list of dictionaries."""
    head, *lines = config(socket, words).split("\n")
    assert lines[-1] == "+OK", lines
    return [dict(zip(head.split("|"), line.split("|"))) for line in lines[:-1]]


def tells(socket, action, seconds=45, **fields):
    return socket.wait_for("CUSTOM", seconds, CC_Action=action, **fields)


def dial(phone, server, number):
    phone.command("dial", f"sip:{number}@127.0.0.1:{server.sip_port}")


def at_work(socket, *users):
    for user in users:
        assert config(socket, f"agent set status {user}@default Available") == "+OK"


def last_heard(phone):
    recording = Recording(phone.heard()[-1])
    return recording.channel(0), recording.rate


def test_a_caller_hears_music_until_an_agent_is_there(server, desk, people):
    caller, agent = people("1005"), people("1001")
    dial(caller, server, "5001")
    joined = tells(desk, "member-queue-start", CC_Queue=QUEUE)
    assert tells(desk, "members-count")["CC-Count"] == "1"
    [member] = rows(desk, f"queue list members {QUEUE}")
    assert (member["state"], member["cid_number"]) == ("Waiting", "1005")
    assert member["uuid"] == joined["CC-Member-UUID"]
    time.sleep(2.0)
    at_work(desk, "1001")
    offered = tells(desk, "agent-offering", CC_Agent="1001@default")
    assert offered["CC-Member-UUID"] == joined["CC-Member-UUID"]
    assert tells(desk, "members-count")["CC-Count"] == "0"
    bridged = tells(desk, "bridge-agent-start")
    assert bridged["Unique-ID"] == joined["CC-Member-Session-UUID"]
    assert config(desk, "agent get state 1001@default") == "In a queue call"
    time.sleep(2.0)
    agent.command("hangup")
    assert tells(desk, "bridge-agent-end")["CC-Hangup-Cause"] == "NORMAL_CLEARING"
    ended = tells(desk, "member-queue-end")
    assert ended["CC-Cause"] == "Terminated"
    # hangup_after_bridge: there is nothing more for the caller.
    caller.wait_for("CALL_CLOSED")
    samples, rate = last_heard(caller)
    half = len(samples) // 2
    assert_tone(samples[:half], rate, MUSIC_HZ, MUSIC_DB, "the caller who waits")
    assert_tone(samples[half:], rate, *AGENTS["1001"], "the caller who talks")
    agent.wait_for("CALL_CLOSED")
    samples, rate = last_heard(agent)
    assert_tone(samples, rate, CALLER_HZ, -12.0, "the agent")
    assert tone_near(samples, rate, MUSIC_HZ)[1] < -40, "the agent hears no music"
    [row] = rows(desk, "agent list 1001@default")
    assert (row["calls_answered"], row["state"], row["no_answer_count"]) == ("1", "Waiting", "0")


def test_the_agent_idle_for_longest_is_called(server, desk, people):
    caller, *_ = people("1005"), people("1001"), people("1002")
    at_work(desk, "1001", "1002")
    served = []
    for _ in range(3):
        dial(caller, server, "5001")
        served.append(tells(desk, "bridge-agent-start")["CC-Agent"])
        closed = len(caller.events)
        caller.command("hangup")
        tells(desk, "member-queue-end")
        caller.wait_for("CALL_CLOSED", after=closed)
    assert len(set(served[:2])) == 2 and served[2] == served[0], served


def test_an_agent_on_break_is_spared(server, desk, people):
    caller, *_ = people("1005"), people("1001"), people("1002")
    at_work(desk, "1001", "1002")
    assert config(desk, "agent set status 1001@default 'On Break'") == "+OK"
    for _ in range(2):
        dial(caller, server, "5001")
        assert tells(desk, "bridge-agent-start")["CC-Agent"] == "1002@default"
        closed = len(caller.events)
        caller.command("hangup")
        tells(desk, "member-queue-end")
        caller.wait_for("CALL_CLOSED", after=closed)


def test_a_caller_who_hangs_up_is_remembered_for_a_while(server, desk, people):
    caller = people("1005")
    dial(caller, server, "5001")
    tells(desk, "member-queue-start")
    assert tells(desk, "members-count")["CC-Count"] == "1"
    caller.command("hangup")
    assert tells(desk, "members-count")["CC-Count"] == "0"
    ended = tells(desk, "member-queue-end")
    assert (ended["CC-Cause"], ended["CC-Cancel-Reason"]) == ("Cancel", "BREAK_OUT")
    abandoned = [row for row in rows(desk, f"queue list members {QUEUE}") if row["uuid"] == ended["CC-Member-UUID"]]
    assert [row["state"] for row in abandoned] == ["Abandoned"]


def test_after_a_call_an_agent_has_his_rest(server, desk, people):
    caller, _ = people("1005"), people("1001")
    at_work(desk, "1001")
    assert config(desk, "agent set wrap_up_time 1001@default 4") == "+OK"
    dial(caller, server, "5001")
    tells(desk, "bridge-agent-start")
    closed = len(caller.events)
    caller.command("hangup")
    over = int(tells(desk, "bridge-agent-end")["Event-Date-Timestamp"])
    caller.wait_for("CALL_CLOSED", after=closed)
    dial(caller, server, "5001")
    again = int(tells(desk, "agent-offering")["Event-Date-Timestamp"])
    assert 4.0 <= (again - over) / 1e6 <= 7.0


def test_an_agent_who_does_not_answer_costs_the_caller_nothing(server, desk, people):
    caller, silent, _ = people("1005"), people("1001", answers=False), people("1002")
    at_work(desk, "1001")
    dial(caller, server, "5001")
    tells(desk, "agent-offering", CC_Agent="1001@default")
    silent.wait_for("CALL_INCOMING")
    at_work(desk, "1002")
    # Refused by its user.
    silent.command("hangup")
    assert tells(desk, "bridge-agent-fail", CC_Agent="1001@default")["CC-Hangup-Cause"] in ("CALL_REJECTED", "USER_BUSY")
    assert tells(desk, "bridge-agent-start")["CC-Agent"] in ("1001@default", "1002@default")


def test_all_ring_and_one_answers(server, desk, people):
    caller, first, second = people("1005"), people("1001", answers=False), people("1002", answers=False)
    at_work(desk, "1001", "1002")
    dial(caller, server, "5005")
    for phone in (first, second):
        phone.wait_for("CALL_INCOMING")
    second.command("accept")
    failed = tells(desk, "bridge-agent-fail")
    assert (failed["CC-Agent"], failed["CC-Hangup-Cause"]) == ("1001@default", "LOSE_RACE")
    assert tells(desk, "bridge-agent-start")["CC-Agent"] == "1002@default"
    first.wait_for("CALL_CLOSED")


def test_whoever_waits_too_long_goes_elsewhere(server, desk, people):
    caller = people("1005")
    dial(caller, server, "5004")
    tells(desk, "member-queue-start", CC_Queue="short@default")
    ended = tells(desk, "member-queue-end")
    assert ended["CC-Cancel-Reason"] == "TIMEOUT"
    time.sleep(2.0)
    caller.command("hangup")
    caller.wait_for("CALL_CLOSED")
    samples, rate = last_heard(caller)
    third = len(samples) // 3
    assert_tone(samples[:third], rate, MUSIC_HZ, MUSIC_DB, "the caller who waits")
    level = tone_near(samples[-third:], rate, 1004.0)[1]
    assert level > -30, "the caller hears whom they were sent to"


def test_a_parked_call_is_taken_out_by_its_number(server, desk, people):
    first, second = people("1005"), people("1001")
    dial(first, server, "6000")
    parked = desk.wait_for("CUSTOM", Action="hold")
    assert (parked["Valet-Lot-Name"], parked["Valet-Extension"]) == ("valet_lot", "6001")
    assert parked["Unique-ID"] in desk.api("valet_info")
    time.sleep(1.5)
    dial(second, server, "6001")
    taken = desk.wait_for("CUSTOM", Action="bridge")
    assert taken["Unique-ID"] == parked["Unique-ID"]
    assert desk.api("valet_info") == "<lots>\n</lots>\n"
    time.sleep(2.0)
    second.command("hangup")
    for phone in (first, second):
        phone.wait_for("CALL_CLOSED")
    samples, rate = last_heard(first)
    half = len(samples) // 2
    assert_tone(samples[: half // 2], rate, MUSIC_HZ, MUSIC_DB, "the parked phone")
    assert_tone(samples[half:], rate, *AGENTS["1001"], "the phone that was parked")
    samples, rate = last_heard(second)
    assert_tone(samples, rate, CALLER_HZ, -12.0, "the phone that took it out")
