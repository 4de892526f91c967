"""SIPp: one program, one scenario."""

import re
import socket
import subprocess
import time
from pathlib import Path

from .ports import free_port, free_ports
from .process import end

SCENARIOS = Path(__file__).parent.parent / "sipp"


class Sipp:
    """One run of one scenario."""

    def __init__(self, server, scenario, folder, user="1003", callee="9196", talk_ms=3000, calls=1,
                 rate=10, transport="u1", audio_port=0, seconds=40, password="1234", media_port=None, more=()):
        """`media_port`: the first of the ports SIPp takes for media; `more`: further words of its command line."""
        self.folder = Path(folder)
        self.port = free_port()
        self.log_file = self.folder / "log"
        self.errors = self.folder / "errors"
        self.messages = self.folder / "messages"
        self.process = subprocess.Popen(
            ["sipp", f"127.0.0.1:{server.sip_port}", "-sf", str(SCENARIOS / f"{scenario}.xml"),
             "-s", user, "-au", user, "-ap", password, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-t", transport,
             "-m", str(calls), "-r", str(rate), "-l", str(max(calls, 1)), "-d", str(talk_ms),
             "-key", "callee", callee, "-key", "audio_port", str(audio_port),
             # Left to itself it takes 5060, 6000 and 8888, which others of the run need. Media takes four in a row.
             "-p", str(self.port), "-mp", str(media_port or free_ports(4)), "-cp", str(free_port()),
             "-nostdin", "-timeout", f"{seconds}s", "-timeout_error",
             "-trace_logs", "-log_file", str(self.log_file),
             "-trace_err", "-error_file", str(self.errors),
             "-trace_msg", "-message_file", str(self.messages), *more],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            # Some of its lines hold bytes as they are.
            errors="replace",
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

    def listening(self, seconds=30):
        """Waits until calls to it are taken (over UDP)."""
        deadline = time.monotonic() + seconds
        while f"0100007F:{self.port:04X} " not in Path("/proc/net/udp").read_text():
            assert time.monotonic() < deadline and self.process.poll() is None, "SIPp does not listen"
            time.sleep(0.02)
        return self

    def received(self, pattern, seconds=30):
        """A message that came and holds this, as soon as it does; its lines end in LF."""
        deadline = time.monotonic() + seconds
        while True:
            # Each stands behind a line that says in which direction it went.
            text = self.messages.read_text(errors="replace").replace("\r\n", "\n") if self.messages.exists() else ""
            came = re.findall(r"message received[^\n]*\n\n(.*?)(?=\n-{20}|\Z)", text, re.S)
            for message in came:
                if re.search(pattern, message, re.M):
                    return message
            assert time.monotonic() < deadline, f"no {pattern} came\n{text[-5000:]}"
            time.sleep(0.05)

    def finish(self):
        output, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, (
            f"sipp ended with {self.process.returncode}\n{self._read(self.errors)}\n"
            f"{self._read(self.messages)}\n{output[-2500:]}"
        )

    def stop(self):
        """Ends it in any case; `finish` is for a call that went well."""
        end(self.process, 5)

    @staticmethod
    def _read(path):
        return path.read_text(errors="replace")[-5000:] if path.exists() else ""


class PressingSipp(Sipp):
    """One call of a caller who presses keys when told to (`press_until_bye`), by INFO or by telephone-events.

    `audio_port` is offered to the far end: an `RtpEnd` there hears what comes and talks. SIPp sends its telephone-events
    from there too, as a telephone would.
    """

    def __init__(self, server, folder, media_port, callee):
        """`media_port` is the first of six free ports in a row; the last but one of them is offered."""
        with socket.create_server(("127.0.0.1", 0)) as twin:
            address = f"127.0.0.1:{twin.getsockname()[1]}"
            super().__init__(server, "press_until_bye", folder, callee=callee, media_port=media_port, more=("-3pcc", address))
            # SIPp connects before it calls anybody.
            twin.settimeout(30)
            try:
                self._twin, _ = twin.accept()
            except TimeoutError:
                self.process.kill()
                self.finish()
        self._twin.settimeout(30)
        self._call = None

    def answered(self):
        """Waits until the call is, and tells the port of the far end's audio."""
        said = b""
        while b"\x1b" not in said:
            more = self._twin.recv(4096)
            assert more, f"SIPp ended\n{self._read(self.messages)}"
            said += more
        self._call = re.search(rb"Call-ID: (\S+)", said)[1].decode()
        return self.far_audio_port()

    def press(self, digit, by_info):
        way = "INFO" if by_info else "telephone-event"
        # SIPp ends each of its commands with ESC (its documentation, "3PCC").
        self._twin.sendall(f"Call-ID: {self._call}\r\nFrom: test\r\nDigit: {digit}\r\nBy: {way}\r\n\r\n\x1b".encode())

    def stop(self):
        self._twin.close()
        super().stop()
