"""The event socket over TLS, as others speak it: Python's ssl and the openssl program, programs that control channels, and our
own `jackfield cli`."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.event_socket import EventSocket
from harness.programs import Program, Programs, assert_heard, dial, extension
from harness.server import BINARY, Server

PROGRAM = [sys.executable, str(Path(__file__).parent / "clients/outbound_tls.py")]
NAMED, MISNAMED, IN_THE_CLEAR = "80850", "80851", "80852"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    make_pair(folder, "first")
    running = Server(
        folder / "run", event_socket=f'certificate = "{folder}/server.crt"\nkey = "{folder}/server.key"',
    )
    running.pairs = folder
    yield running
    running.stop()


def make_pair(folder, name):
    """A certificate of its own for `localhost` and its key, with that common name, where the server looks for them."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/new.key", "-out", f"{folder}/new.crt"],
        check=True, capture_output=True,
    )
    for kind in "key", "crt":
        os.replace(folder / f"new.{kind}", folder / f"server.{kind}")


def trusting(server):
    return ssl.create_default_context(cafile=server.pairs / "server.crt")


def common_name(connection):
    subject = connection.socket.getpeercert()["subject"]
    return dict(pair for part in subject for pair in part)["commonName"]


def test_a_call_is_made_and_followed_over_tls(server, phones):
    first, _ = phones
    with EventSocket(server.secure_event_socket_port, tls=trusting(server)) as secure:
        assert secure.socket.version() in ("TLSv1.2", "TLSv1.3")
        assert secure.command("event plain CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB").reply.startswith("+OK")
        secure.command(f"bgapi originate user/{first.user} &park()")
        answered = secure.wait_for("CHANNEL_ANSWER", seconds=30)
        job = secure.wait_for("BACKGROUND_JOB", seconds=30)
        assert job["Job-Command"] == "originate"
        assert secure.api(f"uuid_kill {answered['Unique-ID']}").startswith("+OK")
        ended = secure.wait_for("CHANNEL_HANGUP_COMPLETE", seconds=30, Unique_ID=answered["Unique-ID"])
        assert ended["Hangup-Cause"] == "NORMAL_CLEARING"


def test_the_openssl_program_talks_with_it(server):
    said = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.secure_event_socket_port}", "-servername", "localhost",
         "-CAfile", str(server.pairs / "server.crt"), "-verify_return_error", "-quiet", "-alpn", "ours"],
        input=b"auth ClueCon\n\napi echo over-tls\n\nexit\n\n", capture_output=True, timeout=60,
    )
    assert b"Content-Type: auth/request" in said.stdout and b"over-tls" in said.stdout, said
    assert said.stdout.rstrip().endswith(b"http://www.cluecon.com/"), said


@pytest.mark.parametrize("words", [b"auth ClueCon\n\napi status\n\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_plain_text_on_the_port_with_tls_hears_nothing(server, words):
    with socket.create_connection(("127.0.0.1", server.secure_event_socket_port), timeout=30) as stranger:
        stranger.sendall(words)
        said = b""
        try:
            while more := stranger.recv(65536):
                said += more
        except ConnectionError:
            pass
        assert b"Content-Type" not in said, said
    with server.connect() as plain:
        assert plain.api("echo plain") == "plain"


def test_another_certificate_is_for_those_who_come_after(server):
    with EventSocket(server.secure_event_socket_port, tls=trusting(server)) as before:
        assert common_name(before) == "first"
        make_pair(server.pairs, "second")
        os.kill(server.pid, signal.SIGHUP)
        deadline = time.monotonic() + 30
        while True:
            try:
                with EventSocket(server.secure_event_socket_port, tls=trusting(server)) as after:
                    assert common_name(after) == "second"
                    break
            except ssl.SSLError:
                # It is read as soon as the server comes to it.
                assert time.monotonic() < deadline, server.log()
                time.sleep(0.05)
        assert before.api("echo still-here") == "still-here"


def make_authority(folder):
    """An authority, and what it vouches for: a program at `localhost`."""
    for arguments in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt",
        "req -newkey rsa:2048 -nodes -subj /CN=program -addext subjectAltName=DNS:localhost -keyout program.key -out program.csr",
        "x509 -req -in program.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out program.crt",
    ):
        subprocess.run(["openssl", *arguments.split()], check=True, capture_output=True, cwd=folder)


def extensions(port):
    return (
        extension(NAMED, f"tls://localhost:{port}/ivr", "async full")
        + extension(MISNAMED, f"tls://127.0.0.1:{port}", "async full")
        + extension(IN_THE_CLEAR, f"127.0.0.1:{port}", "async full")
    )


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    make_authority(folder)
    made = Programs(folder, extensions, event_socket=f'outbound_ca = "{folder}/ca.crt"')
    made.pair = [f"{folder}/program.crt", f"{folder}/program.key"]
    yield made
    made.server.stop()


@pytest.fixture()
def program(programs):
    running = Program([*PROGRAM, str(programs.port), *programs.pair])
    yield running
    running.kill()


def test_a_program_controls_a_call_over_tls(programs, program, two_phones):
    caller, _ = two_phones
    dial(caller, programs.server, NAMED)
    assert program.wait_for("connected")["version"] in ("TLSv1.2", "TLSv1.3")
    channel = program.wait_for("asked")["uuid"]
    with programs.server.connect() as watch:
        assert watch.api(f"uuid_getvar {channel} socket_host") == "localhost"
        assert watch.api(f"uuid_getvar {channel} socket_path") == "ivr"
    time.sleep(1)
    caller.press("7")
    assert program.wait_for("pressed")["digit"] == "7"
    assert program.wait_for("echoed")["length"] == 100_000
    # It leaves, and the dialplan goes on.
    caller.wait_for("CALL_CLOSED")
    assert_heard(caller, 850, 700)


@pytest.mark.parametrize("number", [MISNAMED, IN_THE_CLEAR])
def test_a_program_that_is_not_proven_is_not_reached(programs, program, two_phones, number):
    """One that shows a certificate for another name, and one that is asked in the clear: the fallback is heard, and not the
    program."""
    caller, _ = two_phones
    dial(caller, programs.server, number)
    program.wait_for("refused")
    caller.wait_for("CALL_CLOSED", seconds=40)
    assert_heard(caller, 700)
    if number == MISNAMED:
        assert "A program cannot be reached" in programs.server.log()


def cli(server, *arguments, host="localhost"):
    return subprocess.run(
        [str(BINARY), "cli", "-H", host, "-P", str(server.secure_event_socket_port), "-x", "echo over-tls", *arguments],
        capture_output=True, text=True, timeout=60,
    )


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory):
    """A server that made its certificate itself."""
    running = Server(tmp_path_factory.mktemp("self-signed") / "run")
    [running.certificate] = running.folder.rglob("tls/certificate.pem")
    yield running
    running.stop()


def fingerprint(server):
    said = subprocess.run(
        ["openssl", "x509", "-in", str(server.certificate), "-noout", "-fingerprint", "-sha256"],
        check=True, capture_output=True, text=True,
    )
    return said.stdout.strip().split("=", 1)[1]


def test_the_command_line_believes_what_it_was_told_to(self_signed):
    digits = fingerprint(self_signed)
    for whom in (
        ["--ca", str(self_signed.certificate)],
        ["--fingerprint", digits],
        ["--fingerprint", digits.replace(":", "").lower()],
        ["--insecure"],
    ):
        said = cli(self_signed, "--tls", *whom)
        assert (said.returncode, said.stdout) == (0, "over-tls\n"), said


def test_and_nothing_else(self_signed, server):
    other = fingerprint(self_signed)[:-1] + ("0" if fingerprint(self_signed)[-1] != "0" else "1")
    for whom, why in (
        ([], "UnknownIssuer"),
        (["--ca", str(server.pairs / "server.crt")], "UnknownIssuer"),
        (["--fingerprint", other], f"another fingerprint: {fingerprint(self_signed)}"),
    ):
        said = cli(self_signed, "--tls", *whom)
        assert said.returncode != 0 and said.stdout == "" and why in said.stderr, said
    # In the clear there is nobody.
    said = cli(self_signed)
    assert said.returncode != 0 and said.stdout == "", said
    # Whom to believe means nothing without TLS.
    said = cli(self_signed, "--insecure")
    assert said.returncode == 2 and "--tls" in said.stderr, said


def test_the_command_line_checks_the_name_an_authority_vouches_for(tmp_path):
    make_authority(tmp_path)
    pair = f'certificate = "{tmp_path}/program.crt"\nkey = "{tmp_path}/program.key"'
    running = Server(tmp_path / "run", event_socket=pair)
    try:
        trusts = ["--tls", "--ca", str(tmp_path / "ca.crt")]
        said = cli(running, *trusts)
        assert (said.returncode, said.stdout) == (0, "over-tls\n"), said
        said = cli(running, *trusts, host="127.0.0.1")
        assert said.returncode != 0 and said.stdout == "" and "not valid for name" in said.stderr, said
    finally:
        running.stop()


def test_the_command_line_reads_commands_over_tls(self_signed):
    said = subprocess.run(
        [str(BINARY), "cli", "-H", "localhost", "-P", str(self_signed.secure_event_socket_port), "--tls", "--ca",
         str(self_signed.certificate), "--batch", "--quiet"],
        input=f"echo {'x' * 50_000}\nstatus\n/exit\n", capture_output=True, text=True, timeout=60,
    )
    assert said.returncode == 0 and "x" * 50_000 in said.stdout and "session(s) since startup" in said.stdout, said
