"""SIPp: one program, one scenario."""

import re
import subprocess
import time
from pathlib import Path

from .ports import free_port

SCENARIOS = Path(__file__).parent.parent / "sipp"


class Sipp:
    """One run of one scenario."""

    def __init__(self, server, scenario, folder, user="1003", callee="9196", talk_ms=3000, calls=1,
                 rate=10, transport="u1", audio_port=0, seconds=40, password="1234"):
        self.folder = Path(folder)
        self.log_file = self.folder / "log"
        self.errors = self.folder / "errors"
        self.messages = self.folder / "messages"
        self.process = subprocess.Popen(
            ["sipp", f"127.0.0.1:{server.sip_port}", "-sf", str(SCENARIOS / f"{scenario}.xml"),
             "-s", user, "-au", user, "-ap", password, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-t", transport,
             "-m", str(calls), "-r", str(rate), "-l", str(max(calls, 1)), "-d", str(talk_ms),
             "-key", "callee", callee, "-key", "audio_port", str(audio_port),
             # Left to itself it takes 5060, 6000 and 8888, which others of the run need.
             "-p", str(free_port()), "-mp", str(free_port()), "-cp", str(free_port()),
             "-nostdin", "-timeout", f"{seconds}s", "-timeout_error",
             "-trace_logs", "-log_file", str(self.log_file),
             "-trace_err", "-error_file", str(self.errors),
             "-trace_msg", "-message_file", str(self.messages)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=self.folder,
        )

    def far_audio_port(self, seconds=30):
        """The port of the answer's audio line, as soon as the scenario has seen it."""
        return int(self.logged(r"FAR (\d+)", seconds))

    def logged(self, pattern, seconds=30):
        """What the scenario logs, as soon as it does: the first group of the pattern."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.log_file.exists():
                found = re.search(pattern, self.log_file.read_text())
                if found:
                    return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.finish()
        raise AssertionError(f"no {pattern} was logged\n{self._read(self.messages)}")

    def finish(self):
        output, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, (
            f"sipp ended with {self.process.returncode}\n{self._read(self.errors)}\n"
            f"{self._read(self.messages)}\n{output[-2500:]}"
        )

    @staticmethod
    def _read(path):
        return path.read_text(errors="replace")[-5000:] if path.exists() else ""
