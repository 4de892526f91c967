"""Menus and spoken numbers of the built-in configuration, driven over the event socket: the prompts are there and are played."""

import pytest

from harness.server import Server

# Prompts of the parts of a text take a second each, and the machine may be busy.
PATIENCE = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server") / "run")
    yield running
    running.stop()


@pytest.fixture
def desk(server):
    with server.connect() as socket:
        socket.command("event plain CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP_COMPLETE")
        yield socket
        socket.api("hupall")


def made(desk, what):
    answer = desk.api(f"originate null/x {what}", PATIENCE)
    assert answer.startswith("+OK "), answer
    return answer[4:].strip()


@pytest.mark.parametrize("text", [
    "en number pronounced 12",
    "en number counted 30",
    "en current_date pronounced 1737417600",
    "en time_measurement pronounced 61",
    "en currency pronounced 2.01",
    "en name_spelled pronounced a_",
    "en ip_address pronounced 1.2.3.4",
])
def test_what_is_said_is_played_to_its_end(desk, text):
    uuid = made(desk, "&park()")
    desk.command(f"sendmsg {uuid}\ncall-command: execute\nexecute-app-name: say\nexecute-app-arg: {text}")
    said = desk.wait_for("CHANNEL_EXECUTE_COMPLETE", PATIENCE, Unique_ID=uuid, Application="say")
    assert said["Application-Response"] == "FILE PLAYED"
    # Two prompts at least, of a third of a second or more.
    assert int(said["variable_playback_ms"]) > 600, text


def test_what_cannot_be_said_is_not(desk):
    uuid = made(desk, "&park()")
    desk.command(f"sendmsg {uuid}\ncall-command: execute\nexecute-app-name: say\nexecute-app-arg: en number pronounced x")
    said = desk.wait_for("CHANNEL_EXECUTE_COMPLETE", PATIENCE, Unique_ID=uuid, Application="say")
    assert said["Application-Response"] == "_none_"


def test_a_menu_does_what_is_chosen(desk):
    uuid = made(desk, "5003 XML default")
    desk.wait_for("CHANNEL_EXECUTE", PATIENCE, Unique_ID=uuid, Application="ivr")
    assert desk.api(f"uuid_recv_dtmf {uuid} 1").startswith("+OK ")
    desk.wait_for("CHANNEL_EXECUTE", PATIENCE, Unique_ID=uuid, Application="transfer")
    check = desk.wait_for("CHANNEL_EXECUTE", PATIENCE, Unique_ID=uuid, Application="voicemail")
    assert check["Application-Data"].startswith("check default")


def test_a_menu_is_left(desk):
    uuid = made(desk, "5003 XML default")
    desk.wait_for("CHANNEL_EXECUTE", PATIENCE, Unique_ID=uuid, Application="ivr")
    assert desk.api(f"uuid_recv_dtmf {uuid} *").startswith("+OK ")
    ended = desk.wait_for("CHANNEL_HANGUP_COMPLETE", PATIENCE, Unique_ID=uuid)
    assert ended["variable_ivr_menu_status"] == "success"
