"""Web applications that say what calls do: the example that is shipped, with real phones, and applications that answer
late, large, wrong or not at all."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.ear import Recording, tone_near
from harness.phone import TONES, Phone
from harness.ports import free_port
from harness.recorded import SHIPPED
from harness.server import Server

EXAMPLE = [sys.executable, str(Path(__file__).parent / "clients/web_ivr.py")]
SECRET = "only for tests: 0123456789"
MENU, SECURE = "80850", "80851"
# What the dialplan plays when no application has the call any more, and how many hertz that is.
FALLBACK = "{loops=2}tone_stream://%(1000,0,700)"


def extension(number, argument):
    return f"""
    <extension name="web_{number}">
      <condition field="destination_number" expression="^{number}$">
        <action application="set" data="hangup_after_bridge=true"/>
        <action application="webapp" data="{argument}"/>
        <action application="answer"/>
        <action application="playback" data="{FALLBACK}"/>
        <action application="hangup" data="NORMAL_CLEARING"/>
      </condition>
    </extension>
"""


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Certificates:
    """An authority of the test's own, and what it says of 127.0.0.1."""

    def __init__(self, folder):
        folder.mkdir()
        self.authority, key = folder / "ca.pem", folder / "ca.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Test authority", "-days", "2",
                "-keyout", key, "-out", self.authority)
        self.certificate, self.key, asked = folder / "ivr.pem", folder / "ivr.key", folder / "ivr.csr"
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ivr", "-keyout", self.key, "-out", asked)
        names = folder / "names"
        names.write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", asked, "-CA", self.authority, "-CAkey", key, "-CAcreateserial",
                "-days", "2", "-extfile", names, "-out", self.certificate)


def counted(server, outcome):
    return server.counted("jackfield_webapp_total", outcome=outcome)


class World:
    """A server whose dialplan asks web applications."""

    def __init__(self, folder):
        self.ports = {MENU: free_port(), SECURE: free_port()}
        self.certificates = Certificates(folder / "certificates")
        shutil.copytree(SHIPPED, folder / "config")
        dialplan = folder / "config/dialplan/default.xml"
        context = '<context name="default">\n'
        text = dialplan.read_text()
        assert context in text
        added = extension(MENU, "menu") + extension(SECURE, "secure")
        dialplan.write_text(text.replace(context, context + added, 1))
        webapp = f"""
ca = "{self.certificates.authority}"
request_time = "2s"
answer_time = "10s"
retry_pause = "100ms"

[[door.webapp.application]]
name = "menu"
url = "http://127.0.0.1:{self.ports[MENU]}/"
secret = "{SECRET}"

[[door.webapp.application]]
name = "secure"
url = "https://127.0.0.1:{self.ports[SECURE]}/"
secret = "{SECRET}"
"""
        self.server = Server(folder / "run", xml_root=folder / "config/freeswitch.xml", webapp=webapp)


class Example:
    """The shipped example; what it is asked arrives as it comes."""

    def __init__(self, world, colleague, number=MENU, secret=SECRET, tls=()):
        recordings = str(world.server.recordings)
        self.process = subprocess.Popen(
            [*EXAMPLE, str(world.ports[number]), colleague, *map(str, tls)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "IVR_SECRET": secret, "IVR_RECORDINGS": recordings},
        )
        self.asked = queue.Queue()
        self.errors = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()
        self.wait_for("listens")

    def _read(self):
        for line in self.process.stdout:
            self.asked.put(json.loads(line))

    def wait_for(self, stage, seconds=60):
        """The next thing it says, which is this."""
        try:
            asked = self.asked.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"not {stage} within {seconds} s:\n{''.join(self.errors)}") from None
        assert asked["stage"] == stage, f"{asked} instead of {stage}:\n{''.join(self.errors)}"
        return asked

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(10)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("web"))
    yield made
    made.server.stop()


@pytest.fixture
def two_phones(world, tmp_path):
    made = []
    try:
        for user, (hertz, level) in TONES.items():
            made.append(Phone(tmp_path / user, user, "1234", world.server.sip_port, hertz, level))
        yield [phone.registered() for phone in made]
    finally:
        for phone in made:
            phone.stop()


def dial(phone, server, number):
    phone.command("dial", f"sip:{number}@127.0.0.1:{server.sip_port}")


def assert_hears(path, *tones):
    recording = Recording(path)
    for hertz in tones:
        heard, level = tone_near(recording.channel(0), recording.rate, hertz, tolerance=0.03)
        assert abs(heard - hertz) < 0.01 * hertz and level > -30, f"{heard:.0f} Hz at {level:.1f} dBFS for {hertz} Hz"


def until(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return found


def test_a_menu_is_heard_and_leads_to_a_colleague(world, two_phones):
    caller, callee = two_phones
    with Example(world, callee.user) as example, world.server.connect() as watch:
        watch.command("event plain CHANNEL_BRIDGE")
        dial(caller, world.server, MENU)
        begin = example.wait_for("begin")
        call = begin["call"]
        assert (begin["serial"], begin["results"], call["state"]) == (1, [], "ringing")
        assert (call["direction"], call["callee"]) == ("inbound", MENU)
        assert call["caller"]["number"] == caller.user
        caller.wait_for("CALL_ESTABLISHED")
        # Not one of its keys: the prompt comes again.
        time.sleep(1)
        caller.press("9")
        time.sleep(1)
        caller.press("1")
        done = example.wait_for("done")
        answered, collected = done["results"]
        assert (answered["action"], answered["outcome"]) == ("answer", "answered")
        assert (collected["action"], collected["outcome"], collected["digits"]) == ("collect", "matched", "1")
        bridged = watch.wait_for("CHANNEL_BRIDGE")
        assert bridged["Unique-ID"] == call["id"]
        time.sleep(1)
        callee.command("hangup")
        talked = example.wait_for("done")
        assert talked["results"] == [{"action": "bridge", "outcome": "talked", "hangup_cause": "NORMAL_CLEARING"}]
        assert talked["call"]["state"] == "answered"
        ended = example.wait_for("ended")
        assert (ended["call"]["state"], ended["call"]["hangup_cause"]) == ("hangup", "NORMAL_CLEARING")
        assert "problem" not in ended
        assert [request["id"].rsplit("-", 1)[1] for request in (begin, done, talked, ended)] == list("1234")
    caller.wait_for("CALL_CLOSED")
    callee.wait_for("CALL_CLOSED")
    assert_hears(caller.heard()[-1], 850, callee.tone_hz, 650)
    assert_hears(callee.heard()[-1], caller.tone_hz)


def test_a_message_is_recorded_and_played_back(world, two_phones):
    caller, _ = two_phones
    with Example(world, "1002") as example, world.server.connect() as watch:
        watch.command("event plain RECORD_START")
        dial(caller, world.server, MENU)
        call = example.wait_for("begin")["call"]["id"]
        caller.wait_for("CALL_ESTABLISHED")
        caller.press("2")
        example.wait_for("done")
        watch.wait_for("RECORD_START")
        time.sleep(1)
        caller.press("#")
        done = example.wait_for("done")
        [recorded] = done["results"]
        file = f"ivr/{call}.wav"
        assert (recorded["outcome"], recorded["file"], recorded["terminator"]) == ("ended_by_key", file, "#")
        assert recorded["ms"] > 500
        ended = example.wait_for("ended")
        assert ended["results"] == [{"action": "play", "outcome": "played"}] * 2
    caller.wait_for("CALL_CLOSED")
    assert_hears(world.server.recordings / file, caller.tone_hz)
    assert_hears(caller.heard()[-1], caller.tone_hz, 650)


def test_an_application_gives_the_call_back_to_the_dialplan(world, two_phones):
    caller, _ = two_phones
    with Example(world, "1002") as example, world.server.connect() as watch:
        watch.command("event plain CHANNEL_EXECUTE")
        dial(caller, world.server, MENU)
        example.wait_for("begin")
        caller.wait_for("CALL_ESTABLISHED")
        caller.press("3")
        example.wait_for("done")
        ended = example.wait_for("ended")
        assert (ended["call"]["state"], ended["results"][-1]["action"]) == ("answered", "set")
        played = watch.wait_for("CHANNEL_EXECUTE", Application="playback", Application_Data=FALLBACK)
        assert played["variable_webapp_result"] == "continue"
        assert played["variable_ivr_choice"] == "dialplan"
    caller.wait_for("CALL_CLOSED")
    assert_hears(caller.heard()[-1], 700)


def test_an_application_dies_and_the_dialplan_goes_on(world, two_phones):
    caller, other = two_phones
    before = counted(world.server, "unreachable")
    with Example(world, "1002") as example, world.server.connect() as watch:
        watch.command("event plain CHANNEL_EXECUTE")
        # Somebody else's call goes on beside it.
        dial(other, world.server, "9196")
        other.wait_for("CALL_ESTABLISHED")
        dial(caller, world.server, MENU)
        example.wait_for("begin")
        caller.wait_for("CALL_ESTABLISHED")
        watch.wait_for("CHANNEL_EXECUTE", Application="play_and_get_digits")
        example.process.send_signal(signal.SIGKILL)
        example.process.wait(10)
        caller.press("1")
        played = watch.wait_for("CHANNEL_EXECUTE", Application="playback", Application_Data=FALLBACK)
        assert played["variable_webapp_result"] == "unreachable"
    caller.wait_for("CALL_CLOSED")
    assert_hears(caller.heard()[-1], 700)
    assert counted(world.server, "unreachable") == before + 1
    other.command("hangup")
    other.wait_for("CALL_CLOSED")
    assert_hears(other.heard()[-1], other.tone_hz)


def results(watch, server, argument, then="park:"):
    """Calls an application without a phone; the channel when the dialplan has gone on, or its end."""
    watch.command("event plain CHANNEL_EXECUTE CHANNEL_HANGUP_COMPLETE")
    with server.connect() as console:
        said = console.api(f"originate null/a 'webapp:{argument},{then}' inline")
        assert said.startswith("+OK"), said
        call = said.split()[1]
        gone_on = watch.wait_for("CHANNEL_EXECUTE", Application=then.split(":")[0], Unique_ID=call)
        console.api(f"uuid_kill {call}")
    return gone_on


def test_an_application_with_tls_that_is_believed_and_one_that_is_not(world, tmp_path):
    ours = world.certificates
    server = world.server
    with Example(world, "1002", SECURE, tls=(ours.certificate, ours.key)) as example, server.connect() as watch:
        watch.command("event plain CHANNEL_EXECUTE")
        with server.connect() as console:
            call = console.api("originate null/a &webapp(secure)").split()[1]
            assert example.wait_for("begin")["call"]["id"] == call
            watch.wait_for("CHANNEL_EXECUTE", Application="play_and_get_digits", Unique_ID=call)
            console.api(f"uuid_kill {call}")
        ended = example.wait_for("ended")
        assert ended["call"]["hangup_cause"] == "NORMAL_CLEARING"
    others = Certificates(tmp_path / "others")
    with Example(world, "1002", SECURE, tls=(others.certificate, others.key)) as example, server.connect() as watch:
        assert results(watch, server, "secure")["variable_webapp_result"] == "tls_failed"
        assert example.asked.empty()


def test_a_wrong_signature_is_refused_by_the_example(world):
    with Example(world, "1002", secret="not the same secret") as example, world.server.connect() as watch:
        assert results(watch, world.server, "menu")["variable_webapp_result"] == "status"
        assert example.asked.empty()
    assert SECRET not in (world.server.folder / "server.log").read_text()


class Asked(BaseHTTPRequestHandler):
    """Answers as the test says; notes what it was asked."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.put((body, dict(self.headers)))
        if body["event"] == "ended":
            self.server.farewells.put(body)
            self.server.farewell()
            self.reply(200, b"{}")
            return
        self.server.behave(self, body)

    def reply(self, status, text, kind="application/json", **headers):
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            # Whoever asked has had enough.
            pass

    def log_message(self, *_):
        pass


@contextmanager
def application(behave):
    """A web application that does this with a request, and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Asked)
    server.daemon_threads = True
    server.asked, server.farewells, server.behave = queue.Queue(), queue.Queue(), behave
    server.farewell = lambda: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}/call"
    finally:
        server.shutdown()
        server.server_close()


def says(text, status=200, **more):
    text = text if isinstance(text, bytes) else text.encode()
    return lambda handler, _: handler.reply(status, text, **more)


HANGUP = '{"actions": [{"hangup": {}}]}'
WRONG = {
    "no JSON": (says("<html>"), "wrong", "expected value"),
    "an empty body": (says(""), "wrong", "EOF"),
    "no text": (says(b"\xff\xfe{}"), "wrong", "expected value"),
    "no list": (says('{"actions": 3}'), "wrong", "expected a list of actions"),
    "no actions": (says('{"actions": []}'), "wrong", "needs 1 to 32"),
    "a wrong type": (says('{"actions": [{"sleep": {"ms": "1"}}]}'), "wrong", "action 1"),
    "an unknown action": (says('{"actions": [{"answer": {}}, {"fly": {}}]}'), "wrong", "action 2: unknown variant `fly`"),
    "an unknown field": (says('{"actions": [{"answer": {"how": 1}}]}'), "wrong", "unknown field `how`"),
    "another site": (says('{"actions": [{"answer": {}}], "next": "http://localhost/"}'), "wrong", "another server"),
    "another type": (says(HANGUP, kind="text/html"), "wrong", "not application/json"),
    "a packed body": (says(HANGUP, **{"Content-Encoding": "gzip"}), "wrong", "not application/json"),
    "deep": (says('{"actions": ' + "[" * 20000), "wrong", "expected"),
    "large": (says(HANGUP + " " * 70000), "long", "longer than 65536 bytes"),
    "not found": (says(HANGUP, 404), "status", "status 404"),
    "elsewhere": (says("", 302, Location="http://127.0.0.1:1/"), "status", "status 302"),
}


@pytest.mark.parametrize("what", sorted(WRONG))
def test_a_wrong_answer_is_not_followed_and_the_application_hears_why(world, what):
    behave, result, why = WRONG[what]
    with application(behave) as (web, url), world.server.connect() as watch:
        gone_on = results(watch, world.server, url)
        assert gone_on["variable_webapp_result"] == result
        # Nothing of it was done.
        assert gone_on.get("Answer-State") == "answered"
        ended = web.farewells.get(timeout=30)
        assert why in ended["problem"], ended
        asked = [web.asked.get(timeout=30)[0]["event"] for _ in range(2)]
        assert asked == ["begin", "ended"]
        assert web.asked.empty()


def test_a_late_answer_is_not_waited_for(world):
    held = threading.Event()

    def wait(handler, _):
        held.wait(60)
        handler.reply(200, HANGUP.encode())

    with application(wait) as (web, url), world.server.connect() as watch:
        try:
            assert results(watch, world.server, url)["variable_webapp_result"] == "late"
            assert web.farewells.get(timeout=30)["problem"] == "no answer in time"
            # It is not asked again: it may have done something already.
            assert [web.asked.get(timeout=30)[0]["event"] for _ in range(2)] == ["begin", "ended"]
        finally:
            held.set()


def test_an_answer_that_trickles_is_late_too(world):
    ended = threading.Event()

    def trickle(handler, _):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "60000")
        handler.end_headers()
        try:
            while not ended.wait(0.05):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            pass

    with application(trickle) as (_, url), world.server.connect() as watch:
        try:
            assert results(watch, world.server, url)["variable_webapp_result"] == "late"
        finally:
            ended.set()


def test_what_may_pass_is_tried_again_and_can_be_recognised(world):
    tries = []

    def third_time(handler, body):
        tries.append((body["id"], handler.headers["Jackfield-Attempt"], handler.headers["Jackfield-Request"]))
        if len(tries) < 3:
            handler.reply(503, b"")
        else:
            handler.reply(200, b'{"actions": [{"continue": {}}]}')

    before = counted(world.server, "retried")
    with application(third_time) as (_, url), world.server.connect() as watch:
        assert results(watch, world.server, url)["variable_webapp_result"] == "continue"
    assert len({request for request, _, _ in tries}) == 1
    assert [attempt for _, attempt, _ in tries] == ["1", "2", "3"]
    assert all(request == named for request, _, named in tries)
    assert counted(world.server, "retried") == before + 2


def test_an_application_that_stays_unwell_is_given_up(world):
    with application(says("", 500)) as (web, url), world.server.connect() as watch:
        assert results(watch, world.server, url)["variable_webapp_result"] == "status"
        assert web.farewells.get(timeout=30)["problem"] == "status 500"


def test_who_may_not_be_asked_is_not(world):
    server = world.server
    with server.connect() as watch:
        before = counted(world.server, "refused")
        for argument in "http://169.254.169.254/latest", "nobody", "ftp://127.0.0.1/":
            gone_on = results(watch, server, argument)
            assert "variable_webapp_result" not in gone_on
        assert counted(world.server, "refused") == before + 3
        free = free_port()
        assert results(watch, server, f"http://127.0.0.1:{free}/")["variable_webapp_result"] == "unreachable"


def test_a_declared_fallback(world):
    server = world.server
    with application(says("[]")) as (_, url), server.connect() as watch:
        watch.command("event plain CHANNEL_HANGUP_COMPLETE CHANNEL_EXECUTE")
        with server.connect() as console:
            call = console.api(f"originate null/a '&webapp({url} fallback=hangup/USER_BUSY)'").split()[1]
            ended = watch.wait_for("CHANNEL_HANGUP_COMPLETE", Unique_ID=call)
            assert ended["Hangup-Cause"] == "USER_BUSY"
            call = console.api(f"originate null/a '&webapp({url} fallback=transfer/9196/default)'").split()[1]
            echo = watch.wait_for("CHANNEL_EXECUTE", Application="echo", Unique_ID=call)
            assert echo["Caller-Destination-Number"] == "9196"
            console.api(f"uuid_kill {call}")


def test_a_hangup_ends_the_request_under_way_and_is_told(world):
    server = world.server
    asked, closed = threading.Event(), threading.Event()

    def wait(handler, _):
        asked.set()
        # The server closes the connection: there is nothing more to read.
        if handler.rfile.read(1) == b"":
            closed.set()

    with application(wait) as (web, url), server.connect() as console:
        call = console.api(f"originate null/a &webapp({url})").split()[1]
        assert asked.wait(30)
        console.api(f"uuid_kill {call} CALL_REJECTED")
        ended = web.farewells.get(timeout=30)
        assert (ended["call"]["id"], ended["call"]["hangup_cause"]) == (call, "CALL_REJECTED")
        assert ended["call"]["state"] == "hangup"
        # It was the hangup that ended it, not the time.
        assert "problem" not in ended
        assert closed.wait(30)


def test_a_transfer_by_somebody_else_takes_the_call_away(world):
    server = world.server
    playing = '{"actions": [{"play": {"tone": "%(1000,0,400)", "loops": 100}}]}'
    with application(says(playing)) as (web, url), server.connect() as watch:
        watch.command("event plain CHANNEL_EXECUTE")
        with server.connect() as console:
            call = console.api(f"originate null/a &webapp({url})").split()[1]
            watch.wait_for("CHANNEL_EXECUTE", Application="playback", Unique_ID=call)
            console.api(f"uuid_transfer {call} echo: inline")
            ended = web.farewells.get(timeout=30)
            assert (ended["call"]["state"], ended["call"]["callee"]) != ("hangup", "")
            watch.wait_for("CHANNEL_EXECUTE", Application="echo", Unique_ID=call)
            console.api(f"uuid_kill {call}")


def test_values_are_text_and_are_told_when_asked_for(world):
    answers = iter([
        '{"actions": [{"set": {"a": "${hostname}", "b": "$${x}"}}], "variables": ["a", "b", "c"], "next": "/two?x=1"}',
        '{"actions": [{"continue": {}}]}',
    ])
    paths = []

    def answer(handler, _):
        paths.append(handler.path)
        handler.reply(200, next(answers).encode())

    with application(answer) as (web, url), world.server.connect() as watch:
        assert results(watch, world.server, url)["variable_a"] == "${hostname}"
        told = web.farewells.get(timeout=30)["variables"]
        assert told == {"a": "${hostname}", "b": "$${x}"}
    assert paths == ["/call", "/two?x=1"]


def test_numbers_are_said_of_prompts(world):
    saying = [{"say": {"kind": "number", "text": "7"}}, {"say": {"kind": "number", "text": "seven"}}]
    answers = iter([saying, [{"continue": {}}]])
    behave = lambda handler, _: handler.reply(200, json.dumps({"actions": next(answers)}).encode())
    with application(behave) as (web, url), world.server.connect() as watch:
        assert results(watch, world.server, url)["variable_webapp_result"] == "continue"
        asked = [web.asked.get(timeout=30)[0] for _ in range(2)]
        first, second = asked[1]["results"]
        assert first == {"action": "say", "outcome": "said"}
        assert second == {"action": "say", "outcome": "failed"}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A server with little room."""
    limits = "max_requests = 3\nmax_calls = 1\nmax_farewells = 1\nrequest_time = \"30s\"\nanswer_time = \"30s\""
    server = Server(tmp_path_factory.mktemp("narrow") / "run", webapp=limits)
    yield server
    server.stop()


def test_an_application_that_never_lets_go_is_asked_no_more(narrow):
    with application(says('{"actions": [{"sleep": {"ms": 1}}]}')) as (web, url), narrow.connect() as watch:
        assert results(watch, narrow, url)["variable_webapp_result"] == "exhausted"
        ended = web.farewells.get(timeout=30)
        assert (ended["serial"], ended["problem"]) == (4, "exhausted")
        until(lambda: counted(narrow, "farewell_taken") == 1, "the last report is taken")


def test_calls_and_last_reports_beyond_their_number(narrow):
    asked, held = threading.Event(), threading.Event()

    def hold(handler, _):
        asked.set()
        held.wait(60)
        handler.reply(200, HANGUP.encode())

    with application(hold) as (web, url), narrow.connect() as watch, narrow.connect() as console:
        try:
            web.farewell = lambda: held.wait(60)
            watch.command("event plain CHANNEL_EXECUTE CHANNEL_HANGUP_COMPLETE")
            first = console.api(f"originate null/a &webapp({url})").split()[1]
            assert asked.wait(30)
            assert results(watch, narrow, url)["variable_webapp_result"] == "too_many"
            assert counted(narrow, "too_many") == 1
            console.api(f"uuid_kill {first}")
            # Its last report is under way; there is no place for that of the next call, which has ended as well.
            assert web.farewells.get(timeout=30)["call"]["id"] == first
            before = counted(narrow, "farewell_dropped")
            asked.clear()

            def placed():
                # The place of the first call is free when its task has ended.
                call = console.api(f"originate null/a &webapp({url})").split()[1]
                if asked.wait(1):
                    return call
                console.api(f"uuid_kill {call}")
                return None

            second = until(placed, "a place for the next call")
            console.api(f"uuid_kill {second}")
            until(lambda: counted(narrow, "farewell_dropped") > before, "the last report is dropped")
        finally:
            held.set()
