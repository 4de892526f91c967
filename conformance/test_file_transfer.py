"""Files from one account to another, fetched by pages and announced to telephones."""

import http.client
import json
import ssl
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from harness.gateway_client import GatewayClient
from harness.phone import Phone
from harness.server import Server

ALICE, BOB, CAROL = (f"{user}@127.0.0.1" for user in ("1000", "1001", "1002"))
PASSWORD = "1234"
FILE = bytes(n % 251 for n in range(300_000))
# Our certificate is our own.
UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname = False
UNVERIFIED.verify_mode = ssl.CERT_NONE


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server, and a telephone of Bob's and one of Carol's."""
    folder = tmp_path_factory.mktemp("transfers")
    server, phones = Server(folder / "run"), []
    try:
        for user in ("1001", "1002"):
            phones.append(Phone(folder / user, user, PASSWORD, server.sip_port, 600.0, -12.0))
        for phone in phones:
            phone.registered()
        yield server, *phones
    finally:
        for phone in phones:
            phone.stop()
        server.stop()


def page(server, account):
    client = GatewayClient(server)
    client.add(account, PASSWORD)
    assert client.register(account)[0][-1] == "registered"
    return client


def upload(server, sender, receiver, transfer, name="cat.jpg", source="127.0.0.1"):
    connection = http.client.HTTPConnection(
        "127.0.0.1", server.gateway_port, timeout=20, source_address=(source, 0)
    )
    path = f"/webrtcgateway/filetransfer/{sender}/{receiver}/{transfer}/{name}"
    connection.request("POST", path, body=FILE)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def fetch(url):
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=20, context=UNVERIFIED)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@contextmanager
def shows(phone, seconds=60):
    """What a phone writes to its user meanwhile, as a function that waits for a text in it."""
    with phone.console() as console:
        seen = bytearray()

        def wait_for(text):
            deadline = time.monotonic() + seconds
            while text.encode() not in seen:
                assert time.monotonic() < deadline, f"{bytes(seen)}\n{phone.log()}"
                console.settimeout(0.2)
                try:
                    seen.extend(console.recv(4096))
                except TimeoutError:
                    pass

        yield wait_for


def test_who_has_only_a_telephone_gets_the_link(place):
    server, _, phone = place
    alice = page(server, ALICE)
    with shows(phone) as shown:
        assert upload(server, ALICE, CAROL, "t-2") == (200, b"OK")
        added = alice.wait_for("sync", type="message", action="add")
        shown(json.loads(added["content"]["content"])["url"])
    went = alice.wait_for("disposition-notification")
    assert (went["message_id"], went["state"]) == ("t-2", "accepted"), went


def test_a_file_reaches_page_and_telephone(place):
    server, phone, _ = place
    alice, bob = page(server, ALICE), page(server, BOB)
    assert upload(server, ALICE, BOB, "t-1", source="127.0.0.2")[0] == 403, "nobody is signed in there"
    with shows(phone) as shown:
        assert upload(server, ALICE, BOB, "t-1") == (200, b"OK")
        message = bob.wait_for("message")
        told = json.loads(message["content"])
        shown(told["url"])
    assert (message["content_type"], message["sender"]["uri"]) == ("application/sylk-file-transfer", ALICE)
    assert (told["filename"], told["filesize"], told["filetype"]) == ("cat.jpg", len(FILE), "image/jpeg")
    assert fetch(told["url"]) == (200, FILE)
    went = alice.wait_for("disposition-notification")
    assert (went["message_id"], went["state"]) == ("t-1", "accepted")

    # A restart keeps it, and so does the journal.
    server.restart()
    assert fetch(told["url"]) == (200, FILE)
    bob = page(server, BOB)
    bob.ask("account-sync-conversations", account=BOB, message_id=None)
    kept = bob.wait_for("sync-conversations")["messages"]
    assert [json.loads(entry["content"])["url"] for entry in kept] == [told["url"]]
    # It goes with its message.
    assert bob.ask("account-remove-message", account=BOB, message_id="t-1", contact=ALICE)["sylkrtc"] == "ack"
    assert fetch(told["url"])[0] == 404
