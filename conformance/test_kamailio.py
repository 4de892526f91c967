"""Accounts of another domain: our web phones are SIP clients of Kamailio, found by the DNS."""

import subprocess
import time
from pathlib import Path

import pytest

from harness.gateway_client import GatewayClient
from harness.ports import free_port, free_ports, free_sip_port
from harness.registrar import Dns, Kamailio, nobody
from harness.server import Server

HERE = Path(__file__).parent
DOMAIN, PASSWORD = "example.test", "wonderland"
ALICE, BOB = f"alice@{DOMAIN}", f"bob@{DOMAIN}"
# What a browser offers, gathered.
OFFER = (HERE.parent / "crates/media/tests/browsers/chromium-156-offer-gathered.sdp").read_bytes().decode()


class Phone:
    """SIPp as a phone that answers every call."""

    def __init__(self, folder):
        self.port = free_sip_port()
        self._process = subprocess.Popen(
            ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(self.port),
             "-mp", str(free_ports(4)), "-cp", str(free_port()), "-nostdin"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        )

    def stop(self):
        self._process.kill()
        self._process.wait(5)


class Neighbourhood:
    """A server of ours, and the one of the other domain behind a DNS whose first server is dead."""

    def __init__(self, folder, max_expires=3600, proxy=None):
        self._parts = []
        try:
            self.phone = self._keep(Phone(folder))
            self.kamailio = self._keep(
                Kamailio(folder / "kamailio", DOMAIN, PASSWORD, self.phone.port, max_expires=max_expires)
            )
            service = f"_sip._udp.{DOMAIN}"
            self.dns = self._keep(Dns(folder, [
                f"--naptr-record={DOMAIN},20,10,s,SIP+D2T,,_sip._tcp.{DOMAIN}",
                f"--naptr-record={DOMAIN},10,10,s,SIP+D2U,,{service}",
                f"--srv-host={service},dead.{DOMAIN},{nobody()},10,0",
                f"--srv-host={service},live.{DOMAIN},{self.kamailio.port},20,0",
                f"--host-record=dead.{DOMAIN},127.0.0.1",
                f"--host-record=live.{DOMAIN},127.0.0.1",
            ]))
            sip = f'dns_servers = ["127.0.0.1:{self.dns.port}"]'
            if proxy:
                sip += f'\noutbound_sip_proxy = "{proxy.format(port=self.kamailio.port)}"'
            self.server = self._keep(Server(folder / "run", sip=sip, door=f'guest_domains = ["{DOMAIN}"]'))
        except BaseException:
            self.stop()
            raise

    def _keep(self, part):
        self._parts.append(part)
        return part

    def stop(self):
        while self._parts:
            self._parts.pop().stop()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    running = Neighbourhood(tmp_path_factory.mktemp("neighbourhood"))
    yield running
    running.stop()


@pytest.fixture
def clients(place):
    """Makes connected clients with an account each, and ends them."""
    made = []

    def make(account=ALICE, password=PASSWORD, server=None):
        client = GatewayClient(server or place.server)
        made.append(client)
        client.add(account, password)
        client.account = account
        return client

    yield make
    for client in made:
        client.ask("account-remove", account=client.account)
        client.close()


def test_a_client_registers_at_the_second_server_of_its_domain(place, clients):
    client = clients()
    assert client.register(ALICE) == (["registering", "registered"], None)
    (contact,) = place.kamailio.wait_for_contacts("alice", 1)
    assert contact.startswith("sip:w") and f"@127.0.0.1:{place.server.sip_port}" in contact, contact
    asked = place.dns.asked()
    for question in (
        f"NAPTR {DOMAIN}", f"SRV _sip._udp.{DOMAIN}", f"A dead.{DOMAIN}", f"A live.{DOMAIN}",
    ):
        assert question in asked, asked
    assert "REGISTER of alice" in place.kamailio.log()
    assert client.ask("account-unregister", account=ALICE)["sylkrtc"] == "ack"
    place.kamailio.wait_for_contacts("alice", 0)
    assert client.silent(0.5) == [], "nothing is told of it"


def test_answers_of_the_dns_are_kept(place, clients):
    clients().register(ALICE)
    before = len(place.dns.asked())
    clients().register(ALICE)
    again = place.dns.asked()[before:]
    # dnsmasq gives no time for how long there is nothing, so that may be asked again.
    there = {f"NAPTR {DOMAIN}", f"SRV _sip._udp.{DOMAIN}", f"A dead.{DOMAIN}", f"A live.{DOMAIN}"}
    assert not there & set(again), again


def test_a_wrong_password_is_called_so(place, clients):
    client = clients(password="queen")
    states, reason = client.register(ALICE)
    assert states == ["registering", "failed"]
    assert reason == "904 Operation has no matching challenge "
    assert place.kamailio.contacts("alice") == []


def test_a_domain_nobody_knows_is_an_error(clients):
    client = clients(account="alice@nobody.test")
    answer = client.ask("account-register", account="alice@nobody.test")
    assert (answer["sylkrtc"], answer["error"]) == ("error", "DNS lookup error: nobody.test is not known")
    assert client.silent(0.5) == []


def call_from_outside(place, folder, account="alice"):
    """SIPp calls an account through Kamailio and expects to be declined."""
    folder.mkdir()
    return subprocess.Popen(
        ["sipp", f"127.0.0.1:{place.kamailio.port}", "-sf", str(HERE / "sipp/through_proxy.xml"), "-s", account,
         "-p", str(free_port()), "-mp", str(free_ports(4)), "-cp", str(free_port()),
         "-key", "domain", DOMAIN, "-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "40s", "-timeout_error",
         "-trace_err", "-error_file", str(folder / "errors")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
    )


def finish(sipp, folder):
    output, _ = sipp.communicate(timeout=60)
    errors = folder / "errors"
    said = errors.read_text() if errors.exists() else ""
    assert sipp.returncode == 0, f"sipp ended with {sipp.returncode}\n{said}\n{output[-2000:]}"


def test_a_call_to_the_account_rings_every_page_of_it_and_no_other(place, clients, tmp_path):
    first, second, other = clients(), clients(), clients(BOB)
    for client in (first, second, other):
        assert client.register(client.account)[0][-1] == "registered"
    contacts = place.kamailio.wait_for_contacts("alice", 2)
    assert contacts[0].split("@")[0] != contacts[1].split("@")[0], "each page has a contact of its own"
    sipp = call_from_outside(place, tmp_path / "sipp")
    for client in (first, second):
        incoming = client.wait_for("incoming-session")
        assert incoming["account"] == ALICE
        assert incoming["originator"] == {"uri": "carol@elsewhere.test", "display_name": "Carol"}
        assert "m=audio" in incoming["sdp"]
        assert client.ask("session-terminate", session=incoming["session"])["sylkrtc"] == "ack"
    finish(sipp, tmp_path / "sipp")
    assert other.silent(0.3) == []


def test_a_page_calls_with_the_credentials_of_its_domain(place, clients):
    client = clients()
    answer = client.ask("session-create", account=ALICE, session="S1", uri=f"phone@{DOMAIN}", sdp=OFFER)
    assert answer["sylkrtc"] == "ack", answer
    accepted = client.wait_for("state", session="S1", state="accepted")
    assert "a=fingerprint" in accepted["sdp"]
    assert f"INVITE of alice to sip:phone@{DOMAIN}" in place.kamailio.log()
    client.ask("session-terminate", session="S1")
    client.wait_for("state", session="S1", state="terminated")
    answer = client.ask("session-create", account=ALICE, session="S2", uri="bob@nobody.test", sdp=OFFER)
    assert answer["error"] == "DNS lookup error: nobody.test is not known"


def test_a_wrong_password_ends_a_call(clients):
    client = clients(password="queen")
    client.ask("session-create", account=ALICE, session="S1", uri=f"phone@{DOMAIN}", sdp=OFFER)
    ended = client.wait_for("state", session="S1", state="terminated")
    assert ended["reason"].startswith("904 "), ended


def test_a_message_goes_through_the_other_server_to_one_page(place, clients):
    alice, bob = clients(), clients(BOB)
    for client in (alice, bob):
        client.register(client.account)
    text = "Meet me at the café"
    answer = alice.ask(
        "account-message", account=ALICE, uri=BOB, message_id="m1", content=text, content_type="text/plain",
        timestamp="2026-01-01T10:00:00+00:00",
    )
    assert answer["sylkrtc"] == "ack", answer
    message = bob.wait_for("message")
    assert (message["sender"]["uri"], message["content"]) == (ALICE, text)
    assert f"MESSAGE of alice to sip:{BOB}" in place.kamailio.log()


def test_a_program_calls_by_name(place):
    with place.server.connect() as watch:
        answer = watch.api(f"originate sofia/internal/phone@live.{DOMAIN}:{place.kamailio.port} &park")
        assert answer.startswith("+OK "), f"{answer}\n{place.server.log()}"
        watch.api(f"uuid_kill {answer.split()[1]}")
        answer = watch.api("originate sofia/internal/phone@nobody.test &park")
        assert answer.strip() == "-ERR NORMAL_TEMPORARY_FAILURE"


def test_a_registration_is_kept_alive_and_ends_with_the_server(tmp_path):
    place = Neighbourhood(tmp_path, max_expires=10, proxy="127.0.0.1:{port};transport=tcp")
    try:
        client = GatewayClient(place.server)
        client.add(ALICE, PASSWORD)
        assert client.register(ALICE)[0] == ["registering", "registered"]
        (before,) = place.kamailio.wait_for_contacts("alice", 1)
        assert before.endswith(";transport=tcp"), before
        assert client.silent(13) == [], "silently"
        assert place.kamailio.contacts("alice") == [before]
        assert place.dns.asked() == [], "the proxy is an address"
        client.close()
        place._parts.remove(place.server)
        place.server.stop()
        assert place.kamailio.contacts("alice") == []
    finally:
        place.stop()
