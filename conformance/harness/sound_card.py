"""A sound card that plays to nobody, at the speed of a real one. Firefox starts no audio without one."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from .process import end


class SoundCard:
    """PulseAudio with one silent output, and nothing of the user's own."""

    def __init__(self, folder):
        folder = Path(folder)
        folder.mkdir(parents=True)
        socket = folder / "native"
        self.address = f"unix:{socket}"
        self._log = open(folder / "pulseaudio.log", "wb")
        self._process = subprocess.Popen(
            [
                shutil.which("pulseaudio"), "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
                "--disable-shm=yes", "--load=module-null-sink rate=48000",
                f"--load=module-native-protocol-unix auth-anonymous=1 socket={socket}",
            ],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
        )
        deadline = time.monotonic() + 10
        while not socket.exists():
            assert self._process.poll() is None and time.monotonic() < deadline, "the sound card did not start"
            time.sleep(0.05)

    def stop(self):
        end(self._process, 5)
        self._log.close()
