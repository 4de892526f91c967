"""Voicemail with telephones: a tone is left as a message, everybody is told, it survives, and its owner hears it."""

import os
import shutil
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.bare_phone import BarePhone
from harness.ear import Recording, assert_tone
from harness.panel import Events, Rest
from harness.phone import Phone
from harness.server import Server
from harness.tone import write_tone

CONFIG = Path(__file__).resolve().parents[1] / "config"
LIVE = "rest/live/coreServers/getByName/default"
CALLER_HZ, CALLER_DB = 600.0, -12.0
BEEP = "tone_stream://%(1000,0,640)"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The built-in configuration; a telephone rings for two seconds."""
    folder = tmp_path_factory.mktemp("server")
    xml = folder / "xml"
    shutil.copytree(CONFIG, xml)
    dialplan = xml / "dialplan/default.xml"
    text = dialplan.read_text()
    assert "call_timeout=30" in text
    dialplan.write_text(text.replace("call_timeout=30", "call_timeout=2", 1))
    running = Server(folder / "run", xml_root=xml / "freeswitch.xml", panel='starter = "directory"')
    yield running
    running.stop()


@pytest.fixture
def people(server, tmp_path):
    """Makes registered phones, and hangs up with all of them."""
    with ExitStack() as end:

        def phone(user, answers=True, hertz=CALLER_HZ):
            made = Phone(tmp_path / user, user, "1234", server.sip_port, hertz, CALLER_DB, answers=answers)
            end.callback(made.stop)
            return made.registered()

        yield phone


@pytest.fixture
def desk(server):
    with server.connect() as socket:
        socket.command("event plain PLAYBACK_START PLAYBACK_STOP CHANNEL_HANGUP_COMPLETE MESSAGE_WAITING CUSTOM vm::maintenance")
        yield socket
    # That one may have gone with a server that was killed.
    with server.connect() as socket:
        socket.api("hupall")


@pytest.fixture
def panel(server):
    client = Events(server.panel)
    client.filter(("type", "voicemail"))
    yield client
    client.close()


def box(server, user):
    return Rest(server.panel).get(f"{LIVE}/voicemail/{user}")


def dial(phone, server, number):
    phone.command("dial", f"sip:{number}@127.0.0.1:{server.sip_port}")


def heard_beep(desk):
    """Until then nothing is recorded."""
    desk.wait_for("PLAYBACK_STOP", 30, Playback_File_Path=BEEP)


def maintenance(desk, action, seconds=45, **fields):
    return desk.wait_for("CUSTOM", seconds, Event_Subclass="vm::maintenance", VM_Action=action, **fields)


def kill(server):
    """Without a chance to do anything."""
    os.kill(server.pid, signal.SIGKILL)
    server._process.wait(10)
    server._log.close()


def test_a_call_nobody_answers_leaves_a_message(server, people, desk, panel):
    people("1001", answers=False)
    caller = people("1000")
    assert box(server, "1001") | {"extensionId": None} == {
        "mailbox": "1001", "domain": "127.0.0.1", "extensionId": None, "extensionNumber": "1001", "newMessages": 0,
        "oldMessages": 0, "messages": []}
    dial(caller, server, "1001")
    heard_beep(desk)
    began = time.monotonic()
    # What is said is what is measured below.
    time.sleep(4)
    caller.press("#")
    left = maintenance(desk, "leave-message", VM_User="1001")
    said = time.monotonic() - began
    assert left["VM-Caller-ID-Number"] == "1000" and left["VM-Domain"] == "127.0.0.1"
    waiting = desk.wait_for("MESSAGE_WAITING", 10, MWI_Message_Account="1001@127.0.0.1")
    assert (waiting["MWI-Messages-Waiting"], waiting["MWI-Voice-Message"]) == ("yes", "1/0 (0/0)")
    counted = maintenance(desk, "mwi-update", VM_User="1001")
    assert (counted["VM-Total-New"], counted["VM-Total-Saved"]) == ("1", "0")
    told = panel.event("voicemail", extensionNumber="1001")
    assert (told["newMessages"], told["oldMessages"]) == (1, 0)
    # The call ends by itself, in order.
    assert desk.wait_for("CHANNEL_HANGUP_COMPLETE", 15, Hangup_Cause="NORMAL_CLEARING")

    shown = box(server, "1001")
    assert (shown["newMessages"], shown["extensionId"]) == (1, told["extensionId"])
    [message] = shown["messages"]
    assert message["new"] and message["callerId"]["number"] == "1000"
    assert 3500 <= message["length"] <= said * 1000 + 500
    assert desk.api("vm_boxcount 1001@127.0.0.1|all") == "1:0:0:0"
    recording = Recording(left["VM-File-Path"])
    assert 3.5 <= recording.seconds <= said + 0.5
    # What a sound needs to begin is not listened to, nor the key at the end.
    samples = recording.channel(0)[recording.rate // 2 : recording.rate * 3]
    assert_tone(samples, recording.rate, CALLER_HZ, CALLER_DB, "the message")
    state = server.folder / "state/voicemail"
    assert state.stat().st_mode & 0o077 == 0, "others can listen"
    assert not list((state / "incoming").iterdir())

    # It is there after an end in order, and after one without.
    server.restart()
    assert box(server, "1001")["messages"] == [message]
    kill(server)
    server.start_again()
    assert box(server, "1001")["messages"] == [message]


def test_who_hangs_up_has_left_a_message_and_a_kill_does_not_take_it(server, people, desk):
    caller, owner = people("1000"), BarePhone(server, "1002")
    owner.register()
    dial(caller, server, "*991002")
    heard_beep(desk)
    time.sleep(4)
    caller.command("hangup")
    left = maintenance(desk, "leave-message", VM_User="1002")
    lamp = owner.notified()
    assert (lamp.start, lamp.headers["event"]) == (owner.notify_line, "message-summary")
    assert lamp.body == "Messages-Waiting: yes\r\nMessage-Account: sip:1002@127.0.0.1\r\nVoice-Message: 1/0 (0/0)\r\n"
    # The moment it is told it is kept.
    kill(server)
    server.start_again()
    [message] = box(server, "1002")["messages"]
    assert message["id"] == left["VM-UUID"]
    with server.connect() as socket:
        assert socket.api("vm_boxcount 1002@127.0.0.1") == "1"
        # Its phone is known as well, and hears that there is nothing new any more.
        assert socket.api("vm_delete 1002@127.0.0.1").startswith("+OK")
    assert "Messages-Waiting: no\r\n" in owner.notified().body
    owner.close()


def test_a_program_lights_a_lamp(server):
    phones = [BarePhone(server, "1005") for _ in range(2)]
    for phone in phones:
        phone.register()
    with server.connect() as socket:
        message = {"MWI-Messages-Waiting": "yes", "MWI-Message-Account": "1005@127.0.0.1", "MWI-Voice-Message": "2/1 (1/0)"}
        body = "Messages-Waiting: yes\r\nMessage-Account: sip:1005@127.0.0.1\r\nVoice-Message: 2/1 (1/0)\r\n"
        fire(socket, message)
        assert [phone.notified().body for phone in phones] == [body, body]
        # One of them alone: had the other one been told too, it would hear that first.
        fire(socket, message | {"MWI-Messages-Waiting": "no", "call-id": phones[1].call_id})
        fire(socket, message | {"MWI-Fax-Message": "1/0 (0/0)"})
        assert phones[0].notified().body == body + "Fax-Message: 1/0 (0/0)\r\n"
        assert phones[1].notified().body == body.replace("yes", "no")
    for phone in phones:
        phone.close()


def fire(socket, headers):
    lines = "".join(f"\n{name}: {value}" for name, value in headers.items())
    assert socket.command("sendevent MESSAGE_WAITING" + lines).reply.startswith("+OK")


def test_a_segment_is_sent_to_a_box_and_what_is_short_is_none(server, people, desk, panel):
    rest = Rest(server.panel)
    caller = people("1000")
    dial(caller, server, "9196")
    deadline = time.monotonic() + 15
    while not (segments := rest.get(f"{LIVE}/callSegments")):
        assert time.monotonic() < deadline, "there is no call"
        time.sleep(0.05)
    action = f"{LIVE}/callSegments/{segments[0]['id']}/transferToVoicemail"
    extension = rest.get(f"{LIVE}/extensions/getByName/1003")
    assert rest.ask("POST", action, {})[:2] == (412, "No extensionId provided.")
    assert rest.ask("POST", action, {"extensionId": "none"})[0] == 404
    rest.do("POST", action, {"extensionId": extension["id"]})
    heard_beep(desk)
    time.sleep(1)
    caller.press("#")
    desk.wait_for("PLAYBACK_START", 15, Playback_File_Path="file_string://voicemail/vm-too-small.wav")
    heard_beep(desk)
    time.sleep(4)
    caller.press("#")
    told = panel.event("voicemail", extensionId=extension["id"])
    assert (told["newMessages"], told["oldMessages"]) == (1, 0)
    assert len(box(server, "1003")["messages"]) == 1


def test_the_owner_hears_the_tone_keeps_and_deletes_it(server, people, desk, panel):
    caller = people("1000")
    dial(caller, server, "*991004")
    heard_beep(desk)
    time.sleep(4)
    caller.command("hangup")
    path = maintenance(desk, "leave-message", VM_User="1004")["VM-File-Path"]
    panel.event("voicemail", extensionNumber="1004", newMessages=1)
    # The owner's own sound is another one.
    owner = people("1004", hertz=1000.0)
    dial(owner, server, "*97")
    desk.wait_for("PLAYBACK_START", 15, Playback_File_Path="file_string://voicemail/vm-enter_pass.wav")
    owner.press("9999#")
    assert maintenance(desk, "authentication", VM_User="1004")["VM-Auth-Result"] == "fail"
    owner.press("1004#")
    maintenance(desk, "authentication", VM_User="1004", VM_Auth_Result="success")
    owner.press("1")
    # Heard through it is not new any more.
    panel.event("voicemail", extensionNumber="1004", newMessages=0, oldMessages=1)
    owner.press("7")
    panel.event("voicemail", extensionNumber="1004", newMessages=0, oldMessages=0)
    assert not Path(path).exists()
    owner.command("hangup")
    desk.wait_for("CHANNEL_HANGUP_COMPLETE", 15, Caller_Destination_Number="*97")
    heard = Recording(owner.heard()[-1])
    rate, samples = heard.rate, heard.channel(0)
    # A prompt comes before it and another behind it: where in between is the tone?
    second = [samples[at : at + rate] for at in range(0, len(samples) - rate, rate // 4)]
    assert any(is_tone(one, rate) for one in second), "the message is not heard"


def is_tone(samples, rate):
    try:
        assert_tone(samples, rate, CALLER_HZ, CALLER_DB, "the message")
    except AssertionError:
        return False
    return True


def test_a_folder_that_cannot_be_written_is_said_and_nothing_else_suffers(server, people, desk):
    incoming = server.folder / "state/voicemail/incoming"
    aside = incoming.with_name("aside")
    incoming.rename(aside)
    incoming.write_text("not a folder")
    try:
        caller = people("1000")
        dial(caller, server, "*991005")
        desk.wait_for("PLAYBACK_START", 30, Playback_File_Path="file_string://voicemail/vm-not_saved.wav")
        desk.wait_for("CHANNEL_HANGUP_COMPLETE", 15, Caller_Destination_Number="*991005", Hangup_Cause="NORMAL_CLEARING")
    finally:
        incoming.unlink()
        aside.rename(incoming)
    assert "A voicemail message cannot be recorded" in server.log()
    assert box(server, "1005")["messages"] == []
    with server.connect() as socket:
        assert socket.api("vm_boxcount 1005@127.0.0.1|all") == "0:0:0:0"


def test_bad_input(server):
    assert Rest(server.panel).ask("GET", f"{LIVE}/voicemail/4711")[0] == 404
    with server.connect() as socket:
        assert socket.api("vm_boxcount 4711@127.0.0.1") == "0"
        assert socket.api("vm_list 4711@127.0.0.1") == "-ERR No such box!\n"
        assert socket.api("vm_delete 1019@127.0.0.1 none") == "-ERR No such message!\n"
        assert socket.api("vm_read 1019@127.0.0.1 perhaps").startswith("-USAGE: ")
        assert socket.api("vm_boxcount").startswith("-USAGE: ")


def test_a_sound_is_put_into_a_box(server, desk, tmp_path):
    sound = tmp_path / "news.wav"
    write_tone(sound, CALLER_HZ, CALLER_DB, seconds=3, rate=8000)
    assert desk.api(f"vm_inject 1013@127.0.0.1 {sound} 900 Front desk") == "+OK\n"
    left = maintenance(desk, "leave-message", VM_User="1013")
    assert (left["VM-Caller-ID-Number"], left["VM-Caller-ID-Name"], left["VM-Message-Len"]) == ("900", "Front desk", "3")
    assert "Unique-ID" not in left
    waiting = desk.wait_for("MESSAGE_WAITING", 10, MWI_Message_Account="1013@127.0.0.1")
    assert waiting["MWI-Voice-Message"] == "1/0 (0/0)"
    # A copy of its own, which is there when the server comes back.
    kept = Path(left["VM-File-Path"])
    assert kept != sound and kept.read_bytes() == sound.read_bytes()
    assert not list((server.folder / "state/voicemail/incoming").iterdir())
    kill(server)
    server.start_again()
    with server.connect() as again:
        assert again.api("vm_boxcount 1013@127.0.0.1|all") == "1:0:0:0"
        [message] = box(server, "1013")["messages"]
        assert message["id"] == left["VM-UUID"] and message["length"] == 3000
        for wrong in tmp_path / "nowhere.wav", Path(__file__):
            assert again.api(f"vm_inject 1013@127.0.0.1 {wrong}").startswith("-ERR ")
        assert again.api("vm_inject nobody@127.0.0.1 a.wav") == "-ERR No such box!\n"
        assert again.api("vm_boxcount 1013@127.0.0.1|all") == "1:0:0:0"
        assert again.api("vm_delete 1013@127.0.0.1") == "+OK\n"
        assert not kept.exists() and sound.exists()


def test_preferences_name_the_greeting_when_there_is_one(server):
    greeting = server.folder / "state/voicemail/default/127.0.0.1/1014/greeting.wav"
    with server.connect() as desk:
        password = desk.api("user_data 1014@127.0.0.1 param vm-password")
        password = "" if password.startswith("-ERR") else password
        assert desk.api("vm_prefs 1014@127.0.0.1") == f"::{password}"
        greeting.parent.mkdir(parents=True)
        write_tone(greeting, CALLER_HZ, CALLER_DB, seconds=1, rate=8000)
        assert desk.api("vm_prefs 1014@127.0.0.1") == f":{greeting}:{password}"
        assert desk.api("vm_prefs default/1014@127.0.0.1|greeting_path") == str(greeting)
        assert desk.api("vm_prefs 4711@127.0.0.1") == "-ERR No such box!\n"
