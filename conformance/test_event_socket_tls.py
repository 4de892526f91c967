"""The event socket over TLS, as others speak it: Python's ssl and the openssl program."""

import os
import signal
import socket
import ssl
import subprocess
import time

import pytest

from harness.event_socket import EventSocket
from harness.server import Server


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
