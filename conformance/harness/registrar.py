"""Somebody else's SIP server and a DNS that knows it: Kamailio with one domain, dnsmasq with a few records."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from .ports import free_port, free_sip_port
from .process import end

CONFIGURATION = Path(__file__).resolve().parents[1] / "kamailio/kamailio.cfg"


def program(name):
    """Where a program is; those for administrators are not on everybody's path."""
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    assert found, f"{name} is not installed"
    return found


class Kamailio:
    """One registrar. `phone` is the port of the phone it knows beside those that register."""

    def __init__(self, folder, domain, password, phone=9, max_expires=3600):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_sip_port()
        text = CONFIGURATION.read_text()
        for word, value in {
            "PORT": self.port, "DOMAIN": domain, "PASSWORD": password, "PHONE": phone,
            "MAX_EXPIRES": max_expires, "FOLDER": self.folder,
        }.items():
            text = text.replace(f"@{word}@", str(value))
        (self.folder / "kamailio.cfg").write_text(text)
        self._log = open(self.folder / "log", "wb")
        self._process = subprocess.Popen(
            [program("kamailio"), "-f", str(self.folder / "kamailio.cfg"), "-DD", "-E", "-m", "32", "-M", "4",
             "-w", str(self.folder), "-Y", str(self.folder), "-P", str(self.folder / "pid")],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 15
        while self._answer("ul.dump") is None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"kamailio did not start:\n{self.log()}")
            time.sleep(0.1)

    def _answer(self, *command):
        """What the server says to a command; None when it does not."""
        control = self.folder / "ctl"
        if not control.exists():
            return None
        ran = subprocess.run(
            [program("kamcmd"), "-s", f"unix:{control}", *command], capture_output=True, text=True, timeout=10,
        )
        return ran.stdout if ran.returncode == 0 else None

    def contacts(self, user):
        """Contact URIs of a user's bindings."""
        answer = self._answer("ul.lookup", "location", user) or ""
        lines = (line.strip() for line in answer.splitlines())
        return [line.split(":", 1)[1].strip() for line in lines if line.startswith("Address:")]

    def wait_for_contacts(self, user, count, seconds=30):
        deadline = time.monotonic() + seconds
        while len(self.contacts(user)) != count:
            assert time.monotonic() < deadline, (
                f"{user} has {self.contacts(user)}, not {count} bindings\n{self._answer('ul.dump')}\n{self.log()}"
            )
            time.sleep(0.1)
        return self.contacts(user)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-6000:]

    def stop(self):
        end(self._process, 10)
        self._log.close()


class Dns:
    """A DNS server. `records` are options of dnsmasq: `--srv-host=…`, `--naptr-record=…`, `--host-record=…`."""

    def __init__(self, folder, records):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_sip_port()
        self._path = folder / "dnsmasq.log"
        self._process = subprocess.Popen(
            [program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
             "--local=/test/", "--listen-address=127.0.0.1", "--bind-interfaces", f"--port={self.port}",
             "--user=", "--group=", "--pid-file=", "--local-ttl=30", "--log-queries",
             f"--log-facility={self._path}", *records],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"dnsmasq did not start: {self._process.stderr.read()}") from None
                time.sleep(0.05)

    def asked(self):
        """Questions so far, as `SRV _sip._udp.example.test`."""
        words = (line.split() for line in self._path.read_text().splitlines())
        found = []
        for line in words:
            kind = next((word for word in line if word.startswith("query[")), None)
            if kind:
                found.append(f"{kind[6:-1]} {line[line.index(kind) + 1]}")
        return found

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(5)
        self._process.stderr.close()


def nobody():
    """A port where nobody is."""
    return free_port()
