"""The server under test: a release binary with a configuration of its own, on free ports."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from .event_socket import EventSocket
from .ports import MEDIA_PORTS, free_port, free_sip_port

BINARY = Path(
    os.environ.get("JACKFIELD_BINARY", Path(__file__).resolve().parents[2] / "target/release/jackfield")
)

# Every call proves who it is, even from here.
STRICT = "auth_calls = true\ntrust_loopback = false"
GENEROUS = "max_sessions = 5000\nsessions_per_second = 1000"


class Server:
    """One running server; `stop` ends it and reports a crash."""

    def __init__(self, folder, profile=STRICT, limits=GENEROUS, sip_port=None, xml_root=None, node="", sip="",
                 door="", layouts=None, event_manager="", panel="", event_socket="", event_log="", webapp="",
                 tables=""):
        """`profile`, `limits`, `node`, `sip`, `door` (the web gateway's), `event_manager`, `panel`, `event_socket`, `event_log` and `webapp` are lines for those
        tables, `tables` are tables of their own;
        `sip_port` is taken when it is free.

        `layouts` is a file of room layouts. `xml_root` is where dialplan and directory begin, instead of what is built in.
        """
        self._profile, self._limits, self._node = profile, limits, node
        self._sip, self._door, self._event_manager = sip, door, event_manager
        self._xml = f'root = "{xml_root}"' if xml_root else ""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.recordings = self.folder / "recordings"
        self.recordings.mkdir()
        self.event_socket_port = free_port()
        self.secure_event_socket_port = free_port()
        self._event_socket = event_socket
        self.sip_port = free_sip_port(sip_port)
        self.metrics_port = free_port()
        self.gateway_port = free_port()
        self.gateway = f"ws://127.0.0.1:{self.gateway_port}/webrtcgateway/ws"
        self._gateway_tls_port = free_port()
        self._event_manager_port = free_port()
        self.event_manager = f"wss://127.0.0.1:{self._event_manager_port}"
        self._panel, self._event_log, self._webapp, self._tables = panel, event_log, webapp, tables
        self._panel_port, self._panel_tls_port = free_port(), free_port()
        self.panel = f"127.0.0.1:{self._panel_port}"
        self.secure_panel = f"127.0.0.1:{self._panel_tls_port}"
        self._layouts = f'layouts = "{layouts}"' if layouts else ""
        self._console_port, self._console_tls_port = free_port(), free_port()
        self.console = f"http://127.0.0.1:{self._console_port}"
        self.secure_console = f"https://127.0.0.1:{self._console_tls_port}"
        self._config = self.folder / "jackfield.toml"
        self._config.write_text(self._configuration())
        self.start_again()

    def start_again(self):
        """On the same ports, after `stop`."""
        self._log = open(self.folder / "server.log", "ab")
        self._process = subprocess.Popen(
            [str(BINARY), "--config", str(self._config)],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, cwd=self.folder,
        )
        self._wait_until_open()

    def _configuration(self):
        return f"""
[door.event_socket]
listen = "127.0.0.1:{self.event_socket_port}"
tls_listen = "127.0.0.1:{self.secure_event_socket_port}"
max_per_address = 500
{self._event_socket}

[sip]
{self._sip}

[[sip.profile]]
name = "internal"
listen = "127.0.0.1:{self.sip_port}"
{self._profile}

[xml]
{self._xml}

[media]
port_range = "{MEDIA_PORTS}"

[media.spatial]
{self._layouts}

[node]
grace = "1s"
{self._node}

[limits]
{self._limits}

[events.log]
{self._event_log}

[metrics]
listen = "127.0.0.1:{self.metrics_port}"

[console]
listen = "127.0.0.1:{self._console_port}"
tls_listen = "127.0.0.1:{self._console_tls_port}"

[door.sylkrtc]
listen = "127.0.0.1:{self.gateway_port}"
tls_listen = "127.0.0.1:{self._gateway_tls_port}"
{self._door}

[door.eventmanager]
listen = "127.0.0.1:{self._event_manager_port}"
{self._event_manager}

[door.isymphony]
listen = "{self.panel}"
tls_listen = "{self.secure_panel}"
{self._panel}

[door.webapp]
{self._webapp}

[paths]
recordings = "{self.recordings}"
state = "{self.folder / 'state'}"
sounds = "{self.folder / 'sounds'}"

{self._tables}
"""

    def _wait_until_open(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                EventSocket(self.event_socket_port).close()
                # The last door to be opened.
                socket.create_connection(("127.0.0.1", self._panel_port), timeout=5).close()
                return
            except (OSError, AssertionError, TimeoutError):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the server did not start:\n{self.log()}") from None
                time.sleep(0.05)

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process.poll() is None

    def connect(self):
        return EventSocket(self.event_socket_port)

    def cpu_seconds(self):
        """User and system time so far, as the kernel accounts it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def counted(self, name, **labels):
        """What the metrics say of a counter, summed over all lines that have these labels; 0 when there is none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=20) as answer:
            page = answer.read().decode()
        lines = re.findall(rf"^{name}(?:{{(.*)}})? (\d+)$", page, re.M)
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        return sum(int(value) for said, value in lines if wanted <= set(said.split(",")))

    def missed_ticks(self):
        """How often a media thread gave up 20 ms, as the machine had let it stand for more than 100."""
        return self.counted("jackfield_media_ticks_skipped_total")

    def log(self):
        return (self.folder / "server.log").read_text(errors="replace")[-8000:]

    def restart(self):
        """Ends in order and begins again with what it has kept."""
        self.stop()
        self.start_again()

    def kill(self):
        """Ends without a chance to do anything about it."""
        self._process.kill()
        self._process.wait(20)
        self._log.close()

    def stop(self):
        """Asks for an orderly end; a crash before or during it is an error."""
        ended_early = self._process.poll()
        if ended_early is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
                self._log.close()
                raise AssertionError(f"the server did not end within 40 s of SIGTERM:\n{self.log()}") from None
        self._log.close()
        assert ended_early is None, f"the server had ended with {ended_early}:\n{self.log()}"
        assert self._process.returncode == 0, f"exit status {self._process.returncode}:\n{self.log()}"
        # Whatever holds on to the switch costs every stop five seconds.
        assert "Not everything ended in time" not in self.log(), self.log()
