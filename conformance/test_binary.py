"""The binary as its user meets it: configuration check, console, metrics, a second start."""

import os
import subprocess
import urllib.request
from pathlib import Path

from harness.server import BINARY

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments, **more):
    return subprocess.run(
        [str(BINARY), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=30, **more,
    )


def test_the_sample_configuration_is_right():
    checked = run("check", "--config", ROOT / "config/jackfield.toml")
    assert checked.returncode == 0, checked.stdout


def test_every_error_of_a_configuration_is_named_at_once(tmp_path):
    config = tmp_path / "jackfield.toml"
    config.write_text(
        "[door.event_socket]\n"
        "lisen = \"127.0.0.1:8021\"\n"
        "\n"
        "[media]\n"
        "port_range = \"9-nothing\"\n"
        "\n"
        "[limits]\n"
        "max_sessions = \"many\"\n"
    )
    checked = run("check", "--config", config)
    assert checked.returncode != 0
    for line in (2, 5, 8):
        assert f"jackfield.toml:{line}" in checked.stdout, checked.stdout
    assert "listen" in checked.stdout, "a misspelt key should be met with the right one"


def test_the_console_runs_one_command(server):
    said = run("cli", "-P", server.event_socket_port, "-x", "status")
    assert said.returncode == 0, said.stdout
    assert said.stdout.startswith("UP "), said.stdout


def test_the_server_says_what_is_open(server):
    log = (server.folder / "server.log").read_text()
    assert str(server.event_socket_port) in log
    assert str(server.sip_port) in log


def test_metrics_and_health(server):
    def get(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()

    assert get("/health")[0] == 200
    status, page = get("/metrics")
    assert status == 200
    assert any(line and not line.startswith("#") for line in page.splitlines())


def test_a_taken_port_is_said_before_anything_runs(server):
    second = run("--config", server.folder / "jackfield.toml", env=dict(os.environ))
    assert second.returncode != 0
    assert str(server.event_socket_port) in second.stdout or str(server.sip_port) in second.stdout, second.stdout
