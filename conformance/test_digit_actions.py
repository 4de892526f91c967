"""Digits bound with `bind_digit_action`, pressed on telephones in a call."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.phone import Phone
from harness.server import Server
from test_registrations_kept import wait_until

CONFIG = Path(__file__).resolve().parents[1] / "config"
NUMBERS = """
    <extension name="bound digits">
      <condition field="destination_number" expression="^5012$">
        <action application="bind_digit_action" data="talk,*1,exec:set,pressed=own"/>
        <action application="bind_digit_action" data="talk,~^9[0-9]{2}$,api:db,insert/digits/peer/${caller_id_number},peer"/>
        <action application="bind_digit_action" data="other,*1,exec:set,pressed=other"/>
        <action application="bind_digit_action" data="other,*2,exec:digit_action_set_realm,talk"/>
        <action application="digit_action_set_realm" data="talk,both"/>
        <action application="bridge" data="user/1001"/>
      </condition>
    </extension>

    <!-- 7300 to 7699"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    xml = folder / "xml"
    shutil.copytree(CONFIG, xml)
    dialplan = xml / "dialplan/default.xml"
    text = dialplan.read_text()
    assert "    <!-- 7300 to 7699" in text
    dialplan.write_text(text.replace("    <!-- 7300 to 7699", NUMBERS, 1))
    running = Server(folder / "run", xml_root=xml / "freeswitch.xml")
    yield running
    running.stop()


@pytest.fixture
def people(server, tmp_path):
    with ExitStack() as end:

        def phone(user):
            made = Phone(tmp_path / user, user, "1234", server.sip_port, 440.0, -12.0)
            end.callback(made.stop)
            return made.registered()

        yield phone


def test_digits_of_both_sides(server, people):
    caller, callee = people("1005"), people("1001")
    with server.connect() as socket:
        socket.command("event plain CHANNEL_BRIDGE CHANNEL_EXECUTE")
        caller.command("dial", f"sip:5012@127.0.0.1:{server.sip_port}")
        a = socket.wait_for("CHANNEL_BRIDGE")["Bridge-A-Unique-ID"]

        def pressed():
            socket.wait_for("CHANNEL_EXECUTE", Unique_ID=a, Application="set", Application_Data="pressed=own")

        caller.press("*1")
        pressed()
        assert socket.api(f"uuid_getvar {a} last_matching_digits") == "*1"
        callee.press("912")
        wait_until(lambda: socket.api("db select/digits/peer") == "1005", "the pattern is not found")
        # The digits of another realm mean nothing here.
        caller.press("*2")
        caller.press("*1")
        pressed()
        assert socket.api(f"uuid_getvar {a} pressed") == "own"
        socket.api("hupall")
