"""Ending a program that a test started."""

import subprocess


def end(process, seconds):
    """Asks it to go, and makes it go after that many seconds."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
