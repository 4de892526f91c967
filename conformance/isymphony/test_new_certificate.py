"""The door's certificate is read again on SIGHUP; clients that are there stay."""

import os
import signal
import ssl
import subprocess
import time

import pytest

from harness.panel import Events, Rest
from harness.server import Server


def make(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True)
    return ssl.PEM_cert_to_DER_cert((folder / "certificate.pem").read_text())


@pytest.fixture
def secure(tmp_path):
    first = make(tmp_path, "first")
    running = Server(tmp_path / "run", panel=f'certificate = "{tmp_path}/certificate.pem"\nkey = "{tmp_path}/key.pem"')
    yield running, first
    running.stop()


def shown(server):
    host, port = server.secure_panel.split(":")
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port)), timeout=10))


def until(so, what):
    deadline = time.monotonic() + 20
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_another_certificate_on_sighup(secure, tmp_path):
    server, first = secure
    assert shown(server) == first
    client = Events(server.secure_panel, secure=True)
    second = make(tmp_path, "second")
    assert shown(server) == first
    os.kill(server.pid, signal.SIGHUP)
    until(lambda: shown(server) == second, "the new certificate is not shown")
    # What cannot be used changes nothing.
    (tmp_path / "key.pem").write_text("no key")
    os.kill(server.pid, signal.SIGHUP)
    until(lambda: "A door keeps its old certificate" in server.log(), "nothing is said of the bad key")
    assert shown(server) == second
    # Who connected with the first one is still told of everything.
    client.filter(("type", "extensionDnd"))
    rest = Rest(server.secure_panel, secure=True)
    rest.do("POST", "rest/live/coreServers/getByName/default/extensions/getByName/1001/enableDnd")
    client.event("extensionDnd", extensionNumber="1001", enabled=True)
    client.close()
