"""What the console asks of the machine and keeps of its own: access lists, files, programs, other names of commands."""

import re
import sqlite3
import time
from contextlib import closing

import pytest

from harness.event_socket import EventSocket
from harness.recorded import write_configuration
from harness.server import Server
from test_event_socket_tls import common_name, make_pair, trusting
from test_registrations_kept import wait_until


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "run")
    yield running
    running.stop()


def kept(server):
    """Aliases the disk has."""
    with closing(sqlite3.connect(server.folder / "state/store.db", timeout=30)) as database:
        return [name for name, in database.execute("SELECT name FROM console_alias ORDER BY name")]


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_sticky_aliases_outlive_the_server(server, end):
    with server.connect() as socket:
        for change in ("stickyadd gone status", "del gone", "add passing status", "stickyadd ll show channels"):
            assert socket.api(f"alias {change}") == "+OK\n"
        shown = socket.api("show aliases").splitlines()
        assert [line.rsplit(",", 1)[0] for line in shown[1:3]] == ["1,ll,show channels", "0,passing,status"]
    if end == "killed":
        # `gone` came before, and went again.
        wait_until(lambda: kept(server) == ["ll"], "the alias is not kept")
        server.kill()
        server.start_again()
    else:
        server.restart()
    with server.connect() as socket:
        shown = socket.api("show aliases").splitlines()
        assert [line.rsplit(",", 1)[0] for line in shown[1:-2]] == ["1,ll,show channels"]
        said = socket.command("api ll count\nconsole_execute: true").body
        assert said == "\nExpand Alias [ll]->[show channels count]\n\n\n0 total.\n"


def test_callers_are_checked_against_the_lists_of_now(tmp_path):
    root = write_configuration(tmp_path / "config")
    server = Server(tmp_path / "run", xml_root=root)
    try:
        with server.connect() as socket:
            def passes(what):
                reply = socket.api(f"originate null/x 'check_acl:{what},set:passed=yes,park:' inline")
                uuid = reply.split()[1]
                passed = socket.api(f"uuid_getvar {uuid} passed")
                socket.api("hupall")
                return passed == "yes"

            assert passes("192.168.42.42 lan") and passes("10.1.2.3 lan") and passes("10.1.2.3 10.0.0.0/8")
            assert not passes("192.168.42.7 lan") and not passes("11.0.0.1 10.0.0.0/8") and not passes("lan")
            socket.command("event plain CHANNEL_HANGUP")
            socket.api("originate null/x 'check_acl:192.168.42.7 lan USER_BUSY,park:' inline")
            assert socket.wait_for("CHANNEL_HANGUP")["Hangup-Cause"] == "USER_BUSY"
            acl = tmp_path / "config/autoload_configs/acl.conf.xml"
            acl.write_text(acl.read_text().replace("192.168.42.0/24", "10.0.0.0/8"))
            assert socket.api("reloadacl") == "+OK acl reloaded\n"
            assert passes("192.168.42.7 lan") and not passes("10.1.2.3 lan")
    finally:
        server.stop()


def test_a_dialplan_makes_folders_and_renames_what_it_has_recorded(server):
    folder = server.folder / "made"
    steps = [
        f"mkdir:{folder}/by/day", f"record:{folder}/now.wav 1", f"rename:{folder}/now.wav {folder}/by/day/then.wav",
        f"rename:{folder}/none.wav {folder}/other.wav", "set:done=yes", "park:",
    ]
    with server.connect() as socket:
        socket.command("event plain CHANNEL_PARK")
        uuid = socket.api(f"originate null/x '{','.join(steps)}' inline").split()[1]
        socket.wait_for("CHANNEL_PARK", Unique_ID=uuid)
        assert socket.api(f"uuid_getvar {uuid} done") == "yes"
        assert socket.api(f"file_exists {folder}/by/day/then.wav") == "true"
        assert socket.api(f"file_exists {folder}/now.wav") == "false"
        assert (folder / "by/day/then.wav").stat().st_size > 1000
    assert re.search(r"none\.wav", server.log()), "what the disk refused is not in the log"


def test_certificates_are_read_again_when_the_console_asks(tmp_path):
    make_pair(tmp_path, "first")
    server = Server(
        tmp_path / "run", event_socket=f'certificate = "{tmp_path}/server.crt"\nkey = "{tmp_path}/server.key"\n'
                                       'run_programs = true\nprogram_time = "2s"',
    )
    server.pairs = tmp_path
    try:
        with EventSocket(server.secure_event_socket_port, tls=trusting(server)) as before:
            assert common_name(before) == "first"
            make_pair(tmp_path, "second")
            before.command("event plain CERT_RELOAD")
            assert before.api("reloadcert") == "+OK cert reload event sent\n"
            before.wait_for("CERT_RELOAD")
            deadline = time.monotonic() + 30
            while True:
                try:
                    with EventSocket(server.secure_event_socket_port, tls=trusting(server)) as after:
                        assert common_name(after) == "second"
                        break
                except OSError:
                    # It is read as soon as the server comes to it.
                    assert time.monotonic() < deadline, server.log()
                    time.sleep(0.05)
        with server.connect() as socket:
            assert socket.api("system echo $((6 * 7))") == "42\n"
            began = time.monotonic()
            assert socket.api("system echo began; sleep 60") == "began\n"
            assert time.monotonic() - began < 30
    finally:
        server.stop()


def test_programs_are_refused_until_they_are_wanted(server):
    with server.connect() as socket:
        assert socket.api("system true") == "-ERR system Command not found!\n"
        assert "bg_system" not in socket.api("show api")
        assert "system" not in socket.api("show application")
        socket.command("event plain CHANNEL_HANGUP")
        socket.api("originate null/x 'system:true,park:' inline")
        assert socket.wait_for("CHANNEL_HANGUP")["Hangup-Cause"] == "DESTINATION_OUT_OF_ORDER"


def log_lines(socket, until):
    """What the log says to this connection up to a line that ends so, of each line the uuid and the words."""
    lines = []
    deadline = time.monotonic() + 30
    while not lines or not lines[-1][1].endswith(until):
        frame = socket.read(max(0.01, deadline - time.monotonic()))
        assert frame is not None and time.monotonic() < deadline, lines
        if frame.content_type == "log/data":
            body = frame.body.rstrip("\n")
            lines.append((frame.headers["User-Data"], re.sub(r"^.*?[a-z_]+\.rs:[0-9]+ ", "", body)))
    return lines


def test_a_channel_has_a_log_level_of_its_own(server):
    with server.connect() as socket, server.connect() as reader:
        loud, quiet, other = (socket.api("originate null/x &park").split()[1] for _ in range(3))
        assert socket.api(f"uuid_loglevel {loud}") == "-USAGE: <uuid> <level>\n"
        assert socket.api(f"uuid_loglevel {loud} loud") == "-ERR Invalid log level!\n"
        assert socket.api("uuid_loglevel nobody 7") == "-ERR No such channel nobody!\n"
        assert socket.api(f"uuid_loglevel {loud} debug") == "+OK\n"
        assert socket.api(f"uuid_transfer {quiet} 'session_loglevel:err,park:' inline") == "+OK\n"
        assert reader.command("log warning").reply == "+OK log level warning [4]"
        for name, uuid in (("loud", loud), ("quiet", quiet), ("other", other)):
            steps = ",".join(f"log:{level} {name} {level}" for level in ("debug", "info", "warning", "crit"))
            assert socket.api(f"uuid_transfer {uuid} '{steps},park:' inline") == "+OK\n"
        assert socket.api("log crit end of it") == "+OK\n"
        spoken = [line for line in log_lines(reader, "end of it") if re.match("(loud|quiet|other) ", line[1])]
        assert spoken == [
            (loud, "loud debug"), (loud, "loud info"), (loud, "loud warning"), (loud, "loud crit"),
            (quiet, "quiet crit"),
            (other, "other warning"), (other, "other crit"),
        ]
        wait_until(lambda: "end of it" in server.log(), "the log is not written")
        printed = re.findall(r"(loud|quiet|other) (debug|info|warning|crit) channel", re.sub("\x1b[^m]*m", "", server.log()))
        assert printed == [
            ("loud", "debug"), ("loud", "info"), ("loud", "warning"), ("loud", "crit"),
            ("quiet", "crit"),
            ("other", "info"), ("other", "warning"), ("other", "crit"),
        ]


def test_a_channel_waits_for_its_program_and_nobody_else_does(tmp_path):
    server = Server(tmp_path / "run", event_socket='run_programs = true\nprogram_time = "20s"')
    try:
        with server.connect() as socket:
            assert "system," in socket.api("show application") and "bgsystem," in socket.api("show application")
            socket.command("event plain CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP")
            wait = f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done"
            waits, passes = (
                socket.api(f"originate null/x '{name}:{wait}; touch {tmp_path}/{name},set:done=yes,park:' inline").split()[1]
                for name in ("system", "bgsystem")
            )
            assert socket.wait_for("CHANNEL_EXECUTE_COMPLETE", Application="set")["Unique-ID"] == passes
            assert socket.api(f"uuid_getvar {waits} done") == "_undef_"
            (tmp_path / "go").touch()
            assert socket.wait_for("CHANNEL_EXECUTE_COMPLETE", Application="system")["Unique-ID"] == waits
            assert (tmp_path / "system").exists()
            assert socket.wait_for("CHANNEL_EXECUTE_COMPLETE", Application="set")["Unique-ID"] == waits
            wait_until(lambda: (tmp_path / "bgsystem").exists(), "the program of the background has not run")
            # Who hangs up does not end the program.
            uuid = socket.api(f"originate null/x 'system:sleep 0.5; touch {tmp_path}/late,park:' inline").split()[1]
            assert socket.api(f"uuid_kill {uuid}") == "+OK\n"
            socket.wait_for("CHANNEL_HANGUP", Unique_ID=uuid)
            wait_until(lambda: (tmp_path / "late").exists(), "the program ended with its channel")
    finally:
        server.stop()


def test_what_would_be_said_can_be_asked_and_played(server):
    with server.connect() as socket:
        assert socket.api("say_string").startswith("-USAGE: <module_name>[.<ext>][:<lang>]")
        assert socket.api("say_string en colour pronounced 7") == "-ERR no reply\n"
        assert socket.api("say_string en.gsm en number pronounced 21") == "file_string://digits/20.gsm!digits/1.gsm"
        sounds = socket.api("say_string en:en number iterated 7")
        assert sounds == socket.api("eval ${say_string(en number iterated 7)}") == "file_string://digits/7.wav"
        socket.command("event plain CHANNEL_EXECUTE_COMPLETE")
        socket.api(f"originate null/x 'playback:{sounds},park:' inline")
        played = socket.wait_for("CHANNEL_EXECUTE_COMPLETE", Application="playback")
        assert played["Application-Response"] == "FILE PLAYED"
