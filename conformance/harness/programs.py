"""A server whose dialplan hands calls to programs, those programs, and what phones heard of them."""

import json
import queue
import shutil
import signal
import subprocess
import threading

from .ear import Recording, tone_near
from .ports import free_port
from .recorded import SHIPPED
from .server import Server

# What is played when no program has the call any more, and how many hertz that is.
FALLBACK = "{loops=2}tone_stream://%(1000,0,700)"


def extension(number, address, words, resume=False):
    set_resume = '<action application="set" data="socket_resume=true"/>' if resume else ""
    return f"""
    <extension name="program_{number}">
      <condition field="destination_number" expression="^{number}$">
        {set_resume}
        <action application="socket" data="{address} {words}"/>
        <action application="answer"/>
        <action application="playback" data="{FALLBACK}"/>
        <action application="hangup" data="NORMAL_CLEARING"/>
      </condition>
    </extension>
"""


class Programs:
    """A server whose dialplan asks for programs on one port."""

    def __init__(self, folder, extensions, **of_server):
        """`extensions` makes the extensions that are added, given the port."""
        self.port = free_port()
        shutil.copytree(SHIPPED, folder / "config")
        dialplan = folder / "config/dialplan/default.xml"
        context = '<context name="default">\n'
        text = dialplan.read_text()
        assert context in text
        dialplan.write_text(text.replace(context, context + extensions(self.port), 1))
        self.server = Server(folder / "run", xml_root=folder / "config/freeswitch.xml", **of_server)


class Program:
    """A running program; what it says arrives line by line."""

    def __init__(self, command, listens=True):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = queue.Queue()
        self.errors = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()
        if listens:
            self.wait_for("listens")

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.said.put(json.loads(line))

    def wait_for(self, stage, seconds=60):
        try:
            said = self.said.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"not {stage} within {seconds} s:\n{''.join(self.errors)}") from None
        assert said["stage"] == stage, f"{said} instead of {stage}:\n{''.join(self.errors)}"
        return said

    def ended(self, seconds=60):
        """Waits until it has ended by itself, and well."""
        status = self.process.wait(seconds)
        assert status == 0, f"the program ended with {status}:\n{''.join(self.errors)}"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


def dial(phone, server, number):
    phone.command("dial", f"sip:{number}@127.0.0.1:{server.sip_port}")


def assert_heard(phone, *tones):
    recording = Recording(phone.heard()[-1])
    for hertz in tones:
        heard, level = tone_near(recording.channel(0), recording.rate, hertz, tolerance=0.03)
        assert abs(heard - hertz) < 0.01 * hertz and level > -30, f"{heard:.0f} Hz at {level:.1f} dBFS for {hertz} Hz"
