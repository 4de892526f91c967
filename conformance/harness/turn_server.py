"""coturn from Debian, relaying on this machine for whoever has credentials made of our secret."""

import subprocess
import time
from pathlib import Path

from .ports import free_sip_port
from .process import end

REALM = "turn.test"


class TurnServer:
    """One running server on 127.0.0.1, over UDP and TCP."""

    def __init__(self, folder, secret):
        folder = Path(folder)
        folder.mkdir(parents=True)
        self.port = free_sip_port()
        self._log_path = folder / "turnserver.log"
        config = folder / "turnserver.conf"
        # In a file: everybody may read the arguments of a program.
        config.write_text(f"""
listening-ip=127.0.0.1
relay-ip=127.0.0.1
listening-port={self.port}
min-port=32000
max-port=32700
use-auth-secret
static-auth-secret={secret}
realm={REALM}
allow-loopback-peers
no-cli
no-tls
no-dtls
verbose
log-file=stdout
pidfile={folder / "turnserver.pid"}
userdb={folder / "turndb"}
""")
        self._log = open(self._log_path, "wb")
        self._process = subprocess.Popen(
            ["turnserver", "-c", str(config)],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, cwd=folder,
        )
        self.wait_said(f"IPv4. UDP listener opened on: 127.0.0.1:{self.port}", 15)

    def log(self):
        return self._log_path.read_text(errors="replace")

    def wait_said(self, text, seconds=30):
        """Waits until the log has this text."""
        deadline = time.monotonic() + seconds
        while text not in self.log():
            assert self._process.poll() is None, f"the TURN server ended:\n{self.log()[-3000:]}"
            assert time.monotonic() < deadline, f"the TURN server did not say \"{text}\":\n{self.log()[-3000:]}"
            time.sleep(0.05)

    def stop(self):
        end(self._process, 10)
        self._log.close()
