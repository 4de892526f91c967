"""Pages behind a network that lets nothing out but what goes to a relay: a real one, coturn, with the credentials the
gateway hands out. Whether media went through it, the browser and the relay say."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from harness.ear import assert_tone, until_heard
from harness.server import Server
from harness.turn_server import TurnServer
from harness.web_client import SECOND_TONE
from harness.web_room import Participant
from test_desk_phones import assert_phone_heard, hear_each_other
from test_phone_page import HEARD, SAID, page, sign_in

SECRET = "north wind"

# Through a relay and nothing else, for pages that are not ours to ask; and the connections they make.
ONLY_RELAYS = """(() => {
  const Real = RTCPeerConnection;
  window.made = [];
  window.RTCPeerConnection = class extends Real {
    constructor(configuration) {
      super({ ...configuration, iceTransportPolicy: 'relay' });
      made.push(this);
    }
  };
})()"""

PATH = """(async () => {
  const reports = [...(await made.at(-1).getStats()).values()];
  const pair = reports.find((one) => one.type === 'candidate-pair' && one.state === 'succeeded' && one.nominated);
  return pair ? reports.find((one) => one.id === pair.localCandidateId).candidateType : null;
})()"""


@pytest.fixture(scope="module")
def turn(tmp_path_factory):
    running = TurnServer(tmp_path_factory.mktemp("turn") / "run", SECRET)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(turn, tmp_path_factory):
    door = f"""
trace_client = true

[door.sylkrtc.turn]
urls = ["turn:127.0.0.1:{turn.port}?transport=udp"]
secret = "{SECRET}"
ttl = "1min"
"""
    running = Server(tmp_path_factory.mktemp("server") / "run", door=door)
    yield running
    running.stop()


def login(until, account, secret=SECRET):
    """Credentials made outside the gateway, as the relay makes them to compare."""
    username = f"{int(until)}:{account}"
    seal = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return {"username": username, "credential": base64.b64encode(seal).decode()}


def relay_only(client, credentials=None):
    client.page.run(f"jackfield.relayOnly({json.dumps(credentials)})")


def assert_relayed(turn, account):
    """The relay has let that account in and gave it a place."""
    allocated = [line for line in turn.log().splitlines() if "ALLOCATE processed, success" in line]
    assert any(f":{account}>" in line for line in allocated), turn.log()[-3000:]


@pytest.mark.parametrize("generation", ["d1", "d2"])
def test_the_echo_comes_back_through_the_relay(client, turn, either, generation):
    page = client(generation, either).registered("1001")
    [given] = page.page.run("jackfield.iceServers()")
    until = int(given["username"].split(":")[0])
    assert abs(until - time.time() - 60) < 10
    assert {key: given[key] for key in ("username", "credential")} == login(until, "1001@127.0.0.1")
    relay_only(page)
    page.call("9196")
    page.wait_state("established")
    page.wait_media()
    until_heard(
        lambda: page.listen(2),
        lambda heard: assert_tone(heard.got[len(heard.got) // 2 :], heard.rate, *either.tone, "echo"),
    )
    assert page.page.run("jackfield.path(null)")[0] == "relay"
    assert_relayed(turn, "1001@127.0.0.1")
    page.terminate()
    page.wait_state("terminated")


def test_a_desk_phone_and_a_page_behind_the_relay_hear_each_other(client, phone):
    desk = phone("1002")
    page = client().registered("1001")
    relay_only(page)
    page.call("1002")
    page.wait_state("established")
    hear_each_other(page, desk)
    assert page.page.run("jackfield.path(null)")[0] == "relay"
    page.terminate()
    desk.wait_for("CALL_CLOSED")
    assert_phone_heard(desk)


def test_the_telephone_uses_the_relay_and_renews_its_credentials(page, turn):
    page.run(ONLY_RELAYS)
    # Credentials are good for a minute, and renewed after three quarters of it: here at once when asked to.
    page.run("""(() => {
      const real = setTimeout;
      window.setTimeout = (run, wait, ...more) => {
        if (wait !== 45000) return real(run, wait, ...more);
        window.renew = run;
        return real(() => {}, 0);
      };
      window.registrations = 0;
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (text) {
        if (JSON.parse(text).sylkrtc === 'account-register') window.registrations += 1;
        return send.call(this, text);
      };
    })()""")
    sign_in(page)
    page.wait(f"{SAID}.startsWith('Signed in as 1001@')")
    page.type("9196")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Connected')")
    assert_tone(page.run(HEARD), 48000, *page.browser.tone, "echo in the telephone")
    assert page.run(PATH) == "relay"
    username = "made.at(-1).getConfiguration().iceServers[0].username"
    before = page.run(username)
    page.run("renew(), window.renew = null")
    page.wait("registrations === 2 && !!window.renew", what="the credentials are renewed, and will be again")
    assert page.run(SAID).startswith("Connected"), "the call goes on, and nobody is told"
    assert_tone(page.run(HEARD), 48000, *page.browser.tone, "echo after the renewal")
    page.press("F8")
    page.wait(f"{SAID} === 'You hung up.'")
    page.type("9196")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Connected')")
    assert int(page.run(username).split(":")[0]) > int(before.split(":")[0])
    page.wait(f"{PATH}.then((kind) => kind === 'relay')")
    assert_relayed(turn, "1001@127.0.0.1")
    page.press("F8")
    page.wait(f"{SAID} === 'You hung up.'")


@pytest.mark.parametrize("credentials", ["expired", "of another secret", "of another account"])
def test_the_relay_refuses(client, turn, credentials):
    page = client().registered("1001")
    soon, account = time.time() + 60, "1001@127.0.0.1"
    wrong = {
        "expired": login(time.time() - 100_000, account),
        "of another secret": login(soon, account, "south wind"),
        "of another account": {**login(soon, account), "username": f"{int(soon)}:1002@127.0.0.1"},
    }[credentials]
    relay_only(page, wrong)
    page.call("9196")
    page.page.wait("jackfield.faults(null).some(([code]) => code === 401)", what="the relay refuses")
    assert page.page.run("jackfield.path(null)") is None
    assert "established" not in page.last_call()["states"]
    allocated = [line for line in turn.log().splitlines() if "ALLOCATE processed, success" in line]
    assert not any(wrong["username"] in line for line in allocated)
    page.terminate()
    page.wait_state("terminated")


def test_a_room_through_the_relay(client, second_browser):
    one, other = client().registered("1001"), client("d2", second_browser).registered("1002")
    for page in (one, other):
        relay_only(page)
    first, second = Participant(one, "relayed@videoconference.127.0.0.1"), Participant(other, "relayed@videoconference.127.0.0.1")
    first.wait_publisher("1002@127.0.0.1")
    first.attach(second.id)
    until_heard(
        lambda: first.listen()[second.id],
        lambda heard: assert_tone(heard.got[len(heard.got) // 2 :], heard.rate, *SECOND_TONE, "the other page"),
    )
    assert [path[0] for path in one.page.run("jackfield.roomPaths()")] == ["relay", "relay"]


def test_nobody_gets_credentials_before_the_password_was_right(client):
    page = client()
    page.add("1001", "wrong")
    page._run("register", page.account)
    assert page.settled_registration()[-1] == "failed"
    assert page.page.run("jackfield.iceServers()") is None
    assert not any("ice_servers" in frame for _, _, frame in page.frames())


def test_the_log_has_no_credentials(client, server):
    page = client().registered("1001")
    [given] = page.page.run("jackfield.iceServers()")
    log = (server.folder / "server.log").read_text(errors="replace")
    assert given["username"] in log, "the frames are traced"
    assert given["credential"] not in log and SECRET not in log
