"""The recorded conversations of the reference, replayed against the server.

Each transcript gets a server of its own: some of them change what a later one would see. What differs on
purpose is listed in `golden/event-socket/DIFFERENCES.md` and printed with the test that uses it. What is not
as recorded yet is listed in `OPEN.md` there; one of those that passes fails the run until its row is gone.
"""

import os
import subprocess
from pathlib import Path

import pytest

from harness.ports import wait_until_free
from harness.recorded import write_configuration
from harness.server import Server
from harness.tone import write_tone

ROOT = Path(__file__).resolve().parents[1]
RUNNER = Path(os.environ.get("JACKFIELD_GOLDEN", ROOT / "target/release/examples/golden"))
FOLDER = ROOT / "golden/event-socket"
# Lines for `[node]` where a conversation is about the clock: a heartbeat as soon as those listen who wait for it.
NODE = {"event-05-heartbeat": 'heartbeat = "2s"', "event-06-all-idle": 'heartbeat = "5s"'}
# Lines for `[door.event_socket]` where it is about who is silent for too long: 25 s as recorded, but for the test's time.
SILENCE = 'login_time = "1s"'
# The recorded server had no TLS for SIP.
PLAIN = 'tls_listen = "off"'
DOOR = dict.fromkeys(["auth-01-idle-timeout", "auth-12-preauth-then-silence", "outbound-12-silent-client"], SILENCE)


def open_rows():
    """Names and what is missing, from the table of `OPEN.md`."""
    rows = [line.split("|") for line in (FOLDER / "OPEN.md").read_text().splitlines() if line.startswith("|")]
    return {row[1].strip(): row[2].strip() for row in rows[2:]}


class NotAsRecorded(Exception):
    """The conversation went otherwise. Only this may be expected of an open row: never a server that crashed."""


OPEN = open_rows()


def marks(name):
    if name not in OPEN:
        return []
    return [pytest.mark.xfail(reason=OPEN[name], raises=NotAsRecorded, strict=True)]


TRANSCRIPTS = [
    pytest.param(name, marks=marks(name)) for name in sorted(path.stem for path in FOLDER.glob("*.txt"))
]


def test_every_open_row_names_a_recording():
    assert set(OPEN) <= {path.stem for path in FOLDER.glob("*.txt")}


@pytest.mark.parametrize("transcript", TRANSCRIPTS)
def test_recording(transcript, tmp_path):
    # The dialplan, the limits, the trust and the port the reference had; some conversations name the port.
    xml_root = write_configuration(tmp_path / "config")
    wait_until_free(5060)
    server = Server(
        tmp_path / "run", profile=PLAIN, limits="", sip_port=5060, xml_root=xml_root, node=NODE.get(transcript, ""),
        event_socket=DOOR.get(transcript, ""),
    )
    sounds = server.folder / "sounds/test"
    sounds.mkdir(parents=True)
    write_tone(sounds / "tone2s.wav", 440, -12, 2)
    try:
        # A conversation that has gone wrong waits for every frame that does not come; thirty seconds of
        # that are enough to know.
        run = subprocess.run(
            [str(RUNNER), f"127.0.0.1:{server.event_socket_port}", transcript, str(server.folder)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30,
        )
        output = run.stdout
    except subprocess.TimeoutExpired:
        output = f"{transcript}: no end within 30 s"
    finally:
        server.stop()
    print(output)
    # The argument may be part of other names too; only this transcript is judged here.
    verdict = [line for line in output.splitlines() if line.startswith(f"{transcript}: ")]
    assert len(verdict) == 1, output
    if not verdict[0].startswith(f"{transcript}: ok"):
        raise NotAsRecorded(f"{output}\n{server.log()[-4000:]}")
