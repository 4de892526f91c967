"""The recorded conversations of the reference, replayed against the server.

Each transcript gets a server of its own: some of them change what a later one would see. What differs on
purpose is listed in `golden/event-socket/DIFFERENCES.md` and printed with the test that uses it.
"""

import os
import subprocess
from pathlib import Path

import pytest

from harness.server import Server

ROOT = Path(__file__).resolve().parents[1]
RUNNER = Path(os.environ.get("JACKFIELD_GOLDEN", ROOT / "target/release/examples/golden"))
TRANSCRIPTS = sorted(path.stem for path in (ROOT / "golden/event-socket").glob("*.txt"))


@pytest.mark.parametrize("transcript", TRANSCRIPTS)
def test_recording(transcript, tmp_path):
    server = Server(tmp_path / "run")
    try:
        # A conversation that has gone wrong waits for every frame that does not come; thirty seconds of
        # that are enough to know.
        run = subprocess.run(
            [str(RUNNER), f"127.0.0.1:{server.event_socket_port}", transcript, str(server.folder)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30,
        )
    finally:
        server.stop()
    print(run.stdout)
    # The argument may be part of other names too; only this transcript is judged here.
    lines = run.stdout.splitlines()
    verdict = [line for line in lines if line.startswith(f"{transcript}: ")]
    assert len(verdict) == 1, run.stdout
    assert verdict[0].startswith(f"{transcript}: ok"), run.stdout
