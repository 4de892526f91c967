"""Fixtures, and the counts for `cargo xtask test`."""

import json
import os

import pytest

from harness.phone import TONES, Phone
from harness.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server per file of tests. That it ends in order is part of every file's result."""
    running = Server(tmp_path_factory.mktemp("server") / "run")
    yield running
    running.stop()


@pytest.fixture
def phones(server, tmp_path):
    """Two registered phones, 1001 and 1002, each with a tone of its own."""
    made = []
    try:
        for user, (hertz, level) in TONES.items():
            made.append(Phone(tmp_path / user, user, "1234", server.sip_port, hertz, level))
        yield [phone.registered() for phone in made]
    finally:
        for phone in made:
            phone.stop()


@pytest.fixture
def two_phones(programs, tmp_path):
    """Two registered phones at the server that hands calls to programs."""
    made = []
    try:
        for user, (hertz, level) in TONES.items():
            made.append(Phone(tmp_path / user, user, "1234", programs.server.sip_port, hertz, level))
        yield [phone.registered() for phone in made]
    finally:
        for phone in made:
            phone.stop()


_counts = {"passed": 0, "failed": 0}


def pytest_runtest_logreport(report):
    if report.failed:
        _counts["failed"] += 1
    elif report.when == "call" and report.passed:
        _counts["passed"] += 1


def pytest_collectreport(report):
    if report.failed:
        _counts["failed"] += 1


def pytest_sessionfinish(session, exitstatus):
    path = os.environ.get("JACKFIELD_COUNTS")
    # Of several workers none writes: their reports come to whoever divides the work.
    if path and not hasattr(session.config, "workerinput"):
        if exitstatus not in (0, 1) and not _counts["failed"]:
            _counts["failed"] = 1
        with open(path, "w") as file:
            json.dump(_counts, file)
