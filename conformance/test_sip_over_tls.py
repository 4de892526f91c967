"""SIP over TLS with a phone that is not ours: it registers, calls and is called, and speaks with one over UDP."""

import os
import signal
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack

import pytest

from harness.ear import Recording, assert_tone, until_heard
from harness.phone import TONES, Phone
from harness.ports import free_port
from harness.server import STRICT, Server


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def make_authority(folder, name):
    """One that signs certificates."""
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")


def make_pair(folder, name, authority):
    """A certificate for this machine and its key; also both in one file."""
    new = folder / "new"
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{new}.key", "-out", f"{new}.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    openssl("x509", "-req", "-in", f"{new}.csr", "-CA", folder / f"{authority}.crt", "-CAkey", folder / f"{authority}.key",
            "-CAcreateserial", "-days", "2", "-extfile", folder / "names", "-out", f"{new}.crt")
    both = (folder / "new.key").read_text() + (folder / "new.crt").read_text()
    (folder / f"{name}.pem").write_text(both)
    for kind in "key", "crt":
        os.replace(folder / f"new.{kind}", folder / f"{name}.{kind}")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    for name in "ours", "others":
        make_authority(folder, name)
    make_pair(folder, "server", "ours")
    make_pair(folder, "callee", "ours")
    make_pair(folder, "stranger", "others")
    port = free_port()
    lines = [
        STRICT, f'tls_listen = "127.0.0.1:{port}"', f'certificate = "{folder}/server.crt"',
        f'key = "{folder}/server.key"', f'authorities = "{folder}/ours.crt"',
    ]
    running = Server(folder / "run", profile="\n".join(lines))
    running.pairs, running.secure_sip_port = folder, port
    yield running
    running.stop()


@pytest.fixture
def people(server, tmp_path):
    """Makes phones, and ends all of them."""
    with ExitStack() as end:

        def phone(user, secure=True, **more):
            hertz, level = TONES[user]
            if secure:
                more["transport"] = "tls"
            port = more.pop("port", server.secure_sip_port if secure else server.sip_port)
            made = Phone(tmp_path / user, user, "1234", port, hertz, level, **more)
            end.callback(made.stop)
            return made

        yield phone


def wait_until(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def connect(server, authority="ours.crt"):
    trusting = ssl.create_default_context(cafile=server.pairs / authority)
    plain = socket.create_connection(("127.0.0.1", server.secure_sip_port), timeout=20)
    return trusting.wrap_socket(plain, server_hostname="localhost")


def test_a_phone_is_shown_as_what_it_is(server, people):
    phone = people("1001").registered()
    with server.connect() as events:
        lines = [line for line in events.api("show registrations").splitlines() if line.startswith("1001,")]
        assert len(lines) == 1 and ",tls," in lines[0], lines
        assert "Registered(TLS)(unknown)" in events.api("sofia status profile internal reg 1001@127.0.0.1")
        assert ";transport=tls" in events.api("sofia_contact 1001@127.0.0.1")
        status = events.api("sofia status").splitlines()
        url = f"sip:mod_sofia@127.0.0.1:{server.secure_sip_port}"
        assert any(line.split() == ["internal", "profile", url, "RUNNING", "(0)", "(TLS)"] for line in status), status
        assert f"TLS-URL          \t{url}\n" in events.api("sofia status profile internal")
        os.kill(phone._process.pid, signal.SIGKILL)
        wait_until(lambda: "1001," not in events.api("show registrations"), "a dead connection keeps its registration")
        assert events.api("originate user/1001 &park()") == "-ERR USER_NOT_REGISTERED\n"


def test_it_hears_and_is_heard_by_one_over_udp(server, people):
    phones = [people("1001"), people("1002", secure=False)]
    first, second = [phone.registered() for phone in phones]

    def talk():
        with server.connect() as events:
            events.command("event plain CHANNEL_BRIDGE CHANNEL_HANGUP_COMPLETE")
            leg = events.api(f"originate user/{first.user} &bridge(user/{second.user})").split()[1]
            events.wait_for("CHANNEL_BRIDGE", seconds=30)
            contact = events.api(f"uuid_getvar {leg} sip_outgoing_contact_uri")
            assert contact == f"<sip:mod_sofia@127.0.0.1:{server.secure_sip_port};transport=tls>"
            time.sleep(3.0)
            assert events.api(f"uuid_kill {leg}").startswith("+OK")
            ends = [events.wait_for("CHANNEL_HANGUP_COMPLETE", seconds=30)["Hangup-Cause"] for _ in phones]
        assert ends == ["NORMAL_CLEARING", "NORMAL_CLEARING"]
        for phone in phones:
            phone.wait_for("CALL_CLOSED")
        return [Recording(phone.heard()[-1]) for phone in phones]

    def listen(heard):
        for recording, phone, other in zip(heard, phones, reversed(phones)):
            assert_tone(recording.channel(0), recording.rate, other.tone_hz, other.tone_dbfs, f"phone {phone.user}")

    until_heard(talk, listen)


def test_it_calls_and_hangs_up(server, people):
    phone = people("1002").registered()
    with server.connect() as events:
        events.command("event plain CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE")
        phone.command("dial", "9196")
        told = events.wait_for("CHANNEL_ANSWER", seconds=30)
        assert told["variable_sip_via_protocol"] == "tls"
        assert told["variable_sip_full_via"].startswith("SIP/2.0/TLS ")
        assert told["variable_sofia_profile_url"] == f"sip:mod_sofia@127.0.0.1:{server.sip_port}"
        phone.wait_for("CALL_ESTABLISHED")
        # The BYE comes over the connection, to the contact of the answer.
        phone.command("hangup")
        ended = events.wait_for("CHANNEL_HANGUP_COMPLETE", seconds=30)
        assert ended["Hangup-Cause"] == "NORMAL_CLEARING"
        assert ended["variable_sip_hangup_disposition"] == "recv_bye"


@pytest.mark.parametrize("shown", ["callee", "stranger"])
def test_a_phone_that_is_called_by_its_address_has_to_prove_it(server, people, shown):
    phone = people("1001", port=None, certificate=server.pairs / f"{shown}.pem")
    address = f"127.0.0.1:{phone.secure_sip_port}"
    with server.connect() as events:
        answer = events.api(f"originate sofia/internal/sip:1001@{address};transport=tls &park()")
        if shown == "stranger":
            assert answer.startswith("-ERR "), answer
            assert not any(event.get("type") == "CALL_INCOMING" for event in phone.events)
            return
        assert answer.startswith("+OK "), answer
        leg = answer.split()[1]
        phone.wait_for("CALL_ESTABLISHED")
        assert events.api(f"uuid_kill {leg}").startswith("+OK")
        phone.wait_for("CALL_CLOSED")


def test_keep_alives_are_answered_and_bad_peers_are_cut_off(server):
    with connect(server) as stream:
        assert stream.version() in ("TLSv1.2", "TLSv1.3")
        stream.sendall(b"\r\n\r\n")
        assert stream.recv(10) == b"\r\n"

    def failed():
        return server.counted("jackfield_sip_tls_handshakes_total", side="accepted", outcome="failed")

    before = failed()
    # It is the client that does not believe us.
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(server, "others.crt")
    wait_until(lambda: failed() > before, "a handshake that failed is not counted")
    # openssl refuses TLS 1.1 here, as does the server; it is told in an alert.
    old = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.secure_sip_port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )
    assert old.returncode != 0 and "alert" in old.stderr, old.stderr
    with socket.create_connection(("127.0.0.1", server.secure_sip_port), timeout=20) as noise:
        noise.sendall(b"REGISTER sip:127.0.0.1 SIP/2.0\r\n\r\n")
        assert noise.recv(100)[:1] == b"\x15", "an alert"
    assert server.alive()


def test_another_certificate_is_shown_after_a_hangup_signal(server, tmp_path):
    before = server.pairs / "server.crt"
    old = ssl.get_server_certificate(("127.0.0.1", server.secure_sip_port))
    assert old.split() == before.read_text().split()
    make_pair(server.pairs, "server", "ours")
    os.kill(server.pid, signal.SIGHUP)
    wait_until(
        lambda: ssl.get_server_certificate(("127.0.0.1", server.secure_sip_port)).split() == before.read_text().split(),
        "the old certificate is still shown",
    )
    connect(server).close()
