"""Real browsers, driven through conformance/browser/driver.js."""

import base64
import json
import shutil
import subprocess
import threading
import time
from pathlib import Path

import numpy

HERE = Path(__file__).resolve().parents[1] / "browser"


class Driver:
    """The program that holds the browsers. One request at a time."""

    def __init__(self, log):
        self._log = open(log, "wb")
        self._process = subprocess.Popen(
            ["node", str(HERE / "driver.js")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )
        self._numbers = 0

    def name(self):
        self._numbers += 1
        return f"n{self._numbers}"

    def ask(self, do, seconds=60, **more):
        """What the driver answers; an error there is an error here. It gives up by itself; it is ended only when it does not even do that."""
        watchdog = threading.Timer(seconds + 10, self._process.kill)
        watchdog.start()
        try:
            request = {"do": do, "limit_ms": seconds * 1000, **more}
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"the browser driver ended, or did not answer \"{do}\" within {seconds + 10} s"
        said = json.loads(line)
        assert "failed" not in said, f"{do} {more}: {said['failed']}"
        return said["done"]

    def stop(self):
        if self._process.poll() is None:
            self._process.stdin.close()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
        self._log.close()


class Browser:
    """One browser with a profile of its own and a tone for a microphone: hertz and dBFS, for Chromium as a file."""

    def __init__(self, driver, folder, tone=None, wav=None, kind="chromium", trusting=False,
                 sound_card=None):
        """`trusting`: any certificate will do; `sound_card`: address of the one to play to."""
        self._driver = driver
        self._name = driver.name()
        self.kind, self.tone = kind, tone
        folder = Path(folder)
        folder.mkdir(parents=True)
        program = {"chromium": "chromium", "firefox": "firefox-esr"}[kind]
        self.version = driver.ask(
            "launch", browser=self._name, kind=kind, program=shutil.which(program), folder=str(folder),
            tone=str(wav) if wav else None, trusting=trusting, soundCard=sound_card,
        )

    def open(self, url="{here}/index.html", **size):
        page = Page(self._driver, self._driver.name(), self)
        self._driver.ask("open", browser=self._name, page=page.name, url=url, **size)
        return page

    def stop(self):
        self._driver.ask("end", browser=self._name)


class Page:
    """One tab."""

    def __init__(self, driver, name, browser):
        self._driver = driver
        self.name, self.browser = name, browser

    def run(self, expression, seconds=60):
        """The value of a JavaScript expression, awaited."""
        return self._driver.ask("evaluate", seconds=seconds, page=self.name, expression=expression)

    def wait(self, expression, seconds=45, what=None):
        """Waits until the expression is true, and returns its value."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                value = self.run(expression)
            except AssertionError as error:
                # Asked just while one page gave way to the next.
                if "Execution context was destroyed" not in str(error):
                    raise
                value = None
            if value:
                return value
            assert time.monotonic() < deadline, f"{what or expression}: not within {seconds} s"
            time.sleep(0.05)

    def press(self, *keys, shift=False):
        for key in keys:
            self._driver.ask("press", page=self.name, key=key, shift=shift)

    def type(self, text):
        self._driver.ask("type", page=self.name, text=text)

    def drag(self, *spots):
        """Holds the mouse button from the first of these spots, pixels of the window, to the last one."""
        self._driver.ask("drag", page=self.name, spots=[list(spot) for spot in spots])

    def finger(self, *spots, beside=None):
        """Keeps a finger on the glass from the first of these spots to the last one. `beside`: where a second finger taps once
        the first has got to the second spot."""
        self._driver.ask("finger", page=self.name, spots=[list(spot) for spot in spots],
                         beside=None if beside is None else list(beside))

    def click(self, selector):
        self._driver.ask("click", page=self.name, selector=selector)

    def look(self, path, **more):
        """A picture of the page, for a person to look at."""
        self._driver.ask("look", page=self.name, path=str(path), **more)

    def size(self, width, height):
        self._driver.ask("size", page=self.name, width=width, height=height)

    def scheme(self, dark):
        self._driver.ask("scheme", page=self.name, dark=dark)

    def accessibility(self):
        return self._driver.ask("accessibility", page=self.name)

    def seen(self):
        """Errors said on the console, and addresses asked for."""
        return self._driver.ask("seen", page=self.name)

    def reload(self):
        self._driver.ask("reload", page=self.name)

    def close(self):
        self._driver.ask("shut", page=self.name)


class Heard:
    """Sound recorded in a page: what it sent and what it got, on one clock. Full scale is 1.0."""

    def __init__(self, recorded):
        self.rate = recorded["rate"]
        self.sent, self.got = (
            numpy.frombuffer(base64.b64decode(recorded[side]), dtype="<f4").astype(float) for side in ("sent", "got")
        )


def onset(samples, rate, hertz, level_dbfs):
    """Seconds until the tone is first there at half its amplitude, judged in steps of 2 ms; None: never."""
    length, step = int(rate * 0.01), int(rate * 0.002)
    probe = numpy.exp(-2j * numpy.pi * hertz * numpy.arange(length) / rate)
    wanted = 10 ** (level_dbfs / 20) / 2
    for start in range(0, len(samples) - length, step):
        if abs(samples[start : start + length] @ probe) * 2 / length >= wanted:
            return start / rate
    return None
