"""Gateways: a registrar in SIPp's words that grants, refuses and is silent, and a real one that carries calls both ways."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.ear import Recording, tone_near
from harness.phone import Phone
from harness.ports import free_port, free_ports, free_sip_port
from harness.process import end
from harness.registrar import Kamailio
from harness.server import Server

HERE = Path(__file__).parent
DOMAIN, PASSWORD = "carrier.test", "wonderland"
STATES = "event plain CUSTOM sofia::gateway_state sofia::gateway_add sofia::gateway_delete"


def gateway(name, port, *lines):
    return "\n".join([
        "[[sip.gateway]]", f'name = "{name}"', f'proxy = "127.0.0.1:{port}"', f'realm = "{DOMAIN}"', *lines,
    ])


ACCOUNT = (f'password = "{PASSWORD}"', 'context = "default"')


class Registrar:
    """SIPp as a registrar, for one registration."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_sip_port()
        self._process = subprocess.Popen(
            ["sipp", "-sf", str(HERE / "sipp/registrar.xml"), "-i", "127.0.0.1", "-p", str(self.port),
             "-mp", str(free_ports(4)), "-cp", str(free_port()), "-m", "1", "-nostdin",
             "-trace_logs", "-log_file", str(folder / "sipp.log"),
             "-trace_err", "-error_file", str(folder / "sipp.errors")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        )

    def logged(self):
        path = self.folder / "sipp.log"
        return path.read_text() if path.exists() else ""

    def stop(self):
        end(self._process, 5)


def told(watch, count, seconds=60):
    """The next so many changes of the gateway: state, whether it is up, and the status that changed it."""
    seen = []
    for _ in range(count):
        event = watch.wait_for("CUSTOM", seconds, Event_Subclass="sofia::gateway_state")
        assert event["Gateway"] == "carrier"
        seen.append(" ".join([event["State"], event["Ping-Status"], event.get("Status", "")]).strip())
    return seen


def state_of(watch, name="carrier"):
    answer = watch.api(f"sofia status gateway {name}")
    return re.search(r"^State\s+(\S+)$", answer, re.M)[1]


def wait_for_state(watch, wanted, name="carrier", seconds=30):
    deadline = time.monotonic() + seconds
    while (state := state_of(watch, name)) != wanted:
        assert time.monotonic() < deadline, f"{name} is {state}, not {wanted}"
        time.sleep(0.05)


def test_a_registrar_that_grants_refuses_and_is_silent(tmp_path):
    registrar = Registrar(tmp_path)
    server = None
    try:
        server = Server(tmp_path / "run", tables=gateway(
            "carrier", registrar.port, *ACCOUNT, 'username = "u1"', "register = false", 'retry = "1s"',
        ))
        with server.connect() as watch:
            assert watch.command(STATES).reply.startswith("+OK")
            lines = [line.split() for line in watch.api("sofia status").splitlines()]
            assert ["internal::carrier", "gateway", f"sip:u1@{DOMAIN}", "NOREG"] in lines, lines
            assert watch.api("sofia profile internal register carrier") == "+OK\n"
            assert told(watch, 4) == ["UNREGED DOWN", "TRYING DOWN", "REGISTER UP 200", "REGED UP 200"]
            log = registrar.logged()
            assert "PROVEN true" in log, log
            assert f"CONTACT sip:gw+carrier@127.0.0.1:{server.sip_port};gw=carrier" in log, log
            # Half of ten seconds later.
            assert told(watch, 3) == ["TRYING UP", "FAILED DOWN 403", "FAIL_WAIT DOWN 403"]
            assert re.search(r"FAIL_WAIT \(retry: 1s\)", watch.api("sofia status"))
            assert watch.api("originate sofia/gateway/carrier/1 &park") == "-ERR GATEWAY_DOWN\n"
            assert told(watch, 1) == ["TRYING DOWN"]
            assert told(watch, 2) == ["TIMEOUT DOWN 408", "FAIL_WAIT DOWN 408"]
            assert watch.api("sofia profile internal killgw carrier") == "+OK gateway marked for deletion.\n"
            gone = watch.wait_for("CUSTOM", Event_Subclass="sofia::gateway_delete")
            assert (gone["profile-name"], gone["Gateway"]) == ("internal", "carrier")
            assert watch.api("originate sofia/gateway/carrier/1 &park") == "-ERR INVALID_GATEWAY\n"
        assert PASSWORD not in server.log()
    finally:
        registrar.stop()
        if server:
            server.stop()


OF_XML = """      <gateways>
        <gateway name="carrier">
          <param name="proxy" value="127.0.0.1:{port}"/>
          <param name="realm" value="{domain}"/>
          <param name="username" value="u1"/>
          <param name="password" value="{password}"/>
          <variables><variable name="trunk" value="a" direction="inbound"/></variables>
        </gateway>
      </gateways>
      <settings>"""


def changed(watch, kind, name):
    """A gateway came to be, or went."""
    watch.wait_for("CUSTOM", 30, Event_Subclass=f"sofia::gateway_{kind}", Gateway=name)


def test_gateways_change_while_the_server_runs(tmp_path):
    shutil.copytree(HERE.parent / "config", tmp_path / "xml")
    sofia = tmp_path / "xml/autoload_configs/sofia.conf.xml"
    registrar = Registrar(tmp_path)
    server = None
    try:
        server = Server(tmp_path / "run", xml_root=tmp_path / "xml/freeswitch.xml")
        with server.connect() as watch:
            assert watch.command(STATES).reply.startswith("+OK")
            filled = OF_XML.format(port=registrar.port, domain=DOMAIN, password=PASSWORD)
            sofia.write_text(sofia.read_text().replace("      <settings>", filled, 1))
            assert watch.api("reloadxml") == "+OK [Success]\n"
            assert watch.api("sofia status gateway carrier") == "Invalid Gateway!\n", "reading begins nothing"
            assert watch.api("sofia profile internal rescan") == "Reload XML [Success]\n+OK scan complete\n"
            changed(watch, "add", "carrier")
            assert told(watch, 3) == ["TRYING DOWN", "REGISTER UP 200", "REGED UP 200"]
            assert watch.api("sofia_gateway_data carrier ivar trunk") == "a"
            assert watch.api("expand echo ${sofia_gateway_data(carrier ivar trunk)}") == "a"

            # Of our own file, by a signal; the other one is not touched.
            own = server.folder / "jackfield.toml"
            before = own.read_text()

            def says(*lines):
                own.write_text("\n".join([before, *lines]))
                os.kill(server.pid, signal.SIGHUP)

            second = gateway("second", free_port(), "register = false")
            says(second)
            changed(watch, "add", "second")
            assert sorted(watch.api("sofia profile internal gwlist up").split()) == ["carrier", "second"]
            says(second, 'username = "other"')
            changed(watch, "delete", "second")
            changed(watch, "add", "second")
            assert re.search(r"^Username\s+other$", watch.api("sofia status gateway second"), re.M)
            says("[[sip.gateway]]")
            assert_logged(server, "Gateways stay as they were read before")
            says()
            changed(watch, "delete", "second")
            assert state_of(watch) == "REGED", "it was not registered with again"
            assert watch.api("sofia profile internal killgw _all_") == "+OK every gateway marked for deletion.\n"
            changed(watch, "delete", "carrier")
        assert PASSWORD not in server.log()
    finally:
        registrar.stop()
        if server:
            server.stop()


def assert_logged(server, words, seconds=20):
    deadline = time.monotonic() + seconds
    while words not in server.log():
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.05)


class Trunk:
    """A server of ours that registers with Kamailio, and a phone that does too."""

    def __init__(self, folder):
        self._parts = []
        try:
            self.kamailio = self._keep(Kamailio(folder / "kamailio", DOMAIN, PASSWORD))
            self.phone = self._keep(Phone(folder / "bob", "bob", PASSWORD, self.kamailio.port, 600.0, -12.0))
            self.server = self._keep(Server(folder / "run", tables="\n".join([
                gateway("carrier", self.kamailio.port, *ACCOUNT, 'username = "alice"', 'extension = "9197"',
                        'ping = "2s"', 'inbound_variables = ["trunk=a"]'),
                # Nobody is there.
                gateway("lost", free_port(), *ACCOUNT, 'username = "alice"'),
            ])))
            self.phone.registered()
        except BaseException:
            self.stop()
            raise

    def _keep(self, part):
        self._parts.append(part)
        return part

    def end(self, part):
        self._parts.remove(part)
        part.stop()

    def stop(self):
        while self._parts:
            self._parts.pop().stop()


@pytest.fixture(scope="module")
def trunk(tmp_path_factory):
    running = Trunk(tmp_path_factory.mktemp("trunk"))
    yield running
    running.stop()


def assert_heard(phone, hertz, what):
    heard = Recording(phone.heard()[-1])
    heard_hz, level = tone_near(heard.channel(0), heard.rate, hertz)
    assert abs(heard_hz - hertz) <= 0.01 * hertz and level > -30, f"{what} heard {heard_hz:.1f} Hz at {level:.1f} dBFS"


def counts(watch):
    answer = watch.api("sofia status gateway carrier")
    return {name: int(number) for name, number in re.findall(r"^(\w*Calls\w+)\s+(\d+)$", answer, re.M)}


def test_it_registers_and_answers(trunk):
    with trunk.server.connect() as watch:
        wait_for_state(watch, "REGED")
        (contact,) = trunk.kamailio.wait_for_contacts("alice", 1)
        assert contact == f"sip:gw+carrier@127.0.0.1:{trunk.server.sip_port};gw=carrier"
        answer = watch.api("sofia status gateway carrier")
        assert re.search(r"^Status\s+UP$", answer, re.M) and re.search(r"^PingFreq\s+2$", answer, re.M), answer
        assert watch.api("sofia profile internal gwlist") == "carrier"
        assert watch.api("sofia profile internal gwlist down") == "lost"
        assert watch.api("sofia_gateway_data carrier ivar trunk") == "a"


def test_a_call_goes_out_past_a_gateway_that_is_down(trunk):
    with trunk.server.connect() as watch:
        wait_for_state(watch, "REGED")
        before = counts(watch)
        dial = "sofia/gateway/nosuch/bob|sofia/gateway/lost/bob|sofia/gateway/internal::carrier/bob"
        answer = watch.api(f"originate {dial} '&playback({{loops=-1}}tone_stream://%(250,0,440))'")
        assert answer.startswith("+OK "), f"{answer}\n{trunk.server.log()}\n{trunk.kamailio.log()}"
        channel = answer.split()[1]
        assert watch.api(f"uuid_getvar {channel} sip_gateway_name") == "carrier"
        assert f"INVITE of alice to sip:bob@127.0.0.1:{trunk.kamailio.port}" in trunk.kamailio.log()
        # Long enough to have something to listen to.
        time.sleep(2)
        already = len(trunk.phone.events)
        watch.api(f"uuid_kill {channel}")
        trunk.phone.wait_for("CALL_CLOSED", after=already)
        assert_heard(trunk.phone, 440, "the phone behind the carrier")
        after = counts(watch)
        assert after["CallsOUT"] == before["CallsOUT"] + 1
        assert after["FailedCallsOUT"] == before["FailedCallsOUT"]


def test_a_call_comes_in_to_the_extension(trunk):
    with trunk.server.connect() as watch:
        wait_for_state(watch, "REGED")
        watch.command("event plain CHANNEL_ANSWER")
        before = counts(watch)
        already = len(trunk.phone.events)
        trunk.phone.command("dial", f"sip:alice@127.0.0.1:{trunk.kamailio.port}")
        answered = watch.wait_for("CHANNEL_ANSWER", Call_Direction="inbound")
        assert answered["Caller-Destination-Number"] == "9197"
        assert answered["Caller-Context"] == "default"
        assert answered["variable_sip_gateway"] == answered["variable_sip_gateway_name"] == "carrier"
        assert answered["variable_trunk"] == "a"
        # Long enough to have something to listen to.
        time.sleep(2)
        trunk.phone.command("hangup")
        trunk.phone.wait_for("CALL_CLOSED", after=already)
        assert_heard(trunk.phone, 1004, "the phone that called us through the carrier")
        assert counts(watch)["CallsIN"] == before["CallsIN"] + 1


def test_a_carrier_that_goes_is_down_until_it_comes_back(trunk):
    with trunk.server.connect() as watch:
        wait_for_state(watch, "REGED")
        assert watch.command(STATES).reply.startswith("+OK")
        trunk.end(trunk.kamailio)
        event = watch.wait_for("CUSTOM", Event_Subclass="sofia::gateway_state", Gateway="carrier", Ping_Status="DOWN")
        assert event["State"] == "UNREGED", event
        assert watch.api("originate sofia/gateway/carrier/bob &park") == "-ERR GATEWAY_DOWN\n"
        dial = "sofia/gateway/carrier/bob|null/x"
        answer = watch.api(f"originate {dial} &park")
        assert answer.startswith("+OK "), answer
        watch.api(f"uuid_kill {answer.split()[1]}")
