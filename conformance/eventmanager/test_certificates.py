"""Certificates of the running server: refused when wrong, exchanged by SIGHUP while clients come and go."""

import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from harness.event_manager import EventManager
from harness.server import Server


class Pairs:
    """Certificates and keys, made as an administrator would, and those the server is to read."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate, self.key = folder / "server.crt", folder / "server.key"
        for name in ("first", "second"):
            self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                          "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}")
        self._expired()

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def _expired(self):
        (self.folder / "index").write_text("")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = a\n[a]\ndatabase = index\nnew_certs_dir = .\ndefault_md = sha256\nrand_serial = yes\n"
            "policy = p\nx509_extensions = x\n[p]\ncommonName = supplied\n[x]\nsubjectAltName = DNS:localhost\n"
        )
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-keyout", "expired.key", "-out", "expired.csr", "-subj", "/CN=expired")
        self._openssl("ca", "-config", "ca.cnf", "-selfsign", "-keyfile", "expired.key", "-in", "expired.csr",
                      "-out", "expired.crt", "-startdate", "20200101000000Z", "-enddate", "20210101000000Z",
                      "-batch", "-notext")

    def use(self, certificate, key):
        for name, path in ((f"{certificate}.crt", self.certificate), (f"{key}.key", self.key)):
            # At once, so that the server never reads half a file.
            whole = path.with_suffix(".new")
            whole.write_bytes((self.folder / name).read_bytes())
            whole.rename(path)

    def pem(self, name):
        text = (self.folder / f"{name}.crt").read_text()
        return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN") :])


@pytest.fixture
def pairs(tmp_path):
    return Pairs(tmp_path)


def start(pairs, tmp_path):
    return Server(tmp_path / "run",
                  event_manager=f'certificate = "{pairs.certificate}"\nkey = "{pairs.key}"')


def test_the_key_of_another_certificate_is_refused_at_the_start(pairs, tmp_path):
    pairs.use("first", "second")
    with pytest.raises(AssertionError, match="the server did not start"):
        start(pairs, tmp_path)
    words = (tmp_path / "run/server.log").read_text(errors="replace")
    assert "certificate and key cannot be used" in words


def test_an_expired_certificate_is_taken_at_the_start_with_a_warning(pairs, tmp_path):
    """Clients decide; without it nobody could come in at all."""
    pairs.use("expired", "expired")
    server = start(pairs, tmp_path)
    try:
        assert shown(server) == pairs.pem("expired")
        words = (server.folder / "server.log").read_text(errors="replace")
        assert any(" WARN " in line and "expired" in line for line in words.splitlines()), server.log()
    finally:
        server.stop()


def shown(server):
    """The certificate a new connection is shown."""
    host, port = server.event_manager.removeprefix("wss://").split(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain) as secure:
            return secure.getpeercert(binary_form=True)


def until(condition, what):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Visitors:
    """Clients that come, ask and go, one after the other; what went wrong for any."""

    def __init__(self, url):
        self._url, self._stop = url, threading.Event()
        self.came, self.trouble = 0, []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            try:
                client = EventManager(self._url)
                client.ok("get_version")
                client.close()
                self.came += 1
            except Exception as error:  # Whatever it is, it is a client turned away.
                self.trouble.append(error)

    def stop(self):
        self._stop.set()
        self._thread.join(20)


def test_certificates_are_exchanged_while_clients_come_and_go(pairs, tmp_path):
    pairs.use("first", "first")
    server = start(pairs, tmp_path)
    try:
        old = EventManager(server.event_manager)
        visitors = Visitors(server.event_manager)
        assert shown(server) == pairs.pem("first")
        log = server.folder / "server.log"
        for certificate, key, why in (("second", "first", "cannot be used"), ("expired", "expired", "expired")):
            pairs.use(certificate, key)
            before = log.stat().st_size
            os.kill(server.pid, signal.SIGHUP)
            until(lambda: why in log.read_bytes()[before:].decode(errors="replace"), f"no word of {certificate}")
            assert shown(server) == pairs.pem("first")
            old.ok("get_version")
        for name in ("second", "first") * 3:
            pairs.use(name, name)
            os.kill(server.pid, signal.SIGHUP)
            until(lambda: shown(server) == pairs.pem(name), f"not {name}")
            old.ok("get_version")
        came = visitors.came
        until(lambda: visitors.came > came + 3, "nobody comes any more")
        visitors.stop()
        assert not visitors.trouble, visitors.trouble
        old.ok("get_version")
        old.close()
    finally:
        server.stop()
