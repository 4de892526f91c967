"""Free ports for a test run.

They lie below the range from which the kernel serves whoever does not care (32768 on), so that no connection made in
between takes one away, and every worker of a run has a slice of its own. Above them, up to 9999, is nobody of ours;
baresip takes its media ports from 10000 on, the server under test from `MEDIA_PORTS`.
"""

import os
import random
import socket
import time

# `gw0`, `gw1`, … when the run has several workers.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_WORKERS = 3
assert _WORKER < _WORKERS, "every worker needs a slice of the ports"

_SLICE = range(2000 + 2600 * _WORKER, 2000 + 2600 * (_WORKER + 1))
# Doors whose ports are part of a recording, or that a client takes when nothing else is said.
_TAKEN = {5060, 5061, 6000, 6001, 8021, 9002}
# Where browsers connect to nobody (WHATWG Fetch, "port blocking").
_TAKEN |= {2049, 3659, 4045, 4190, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697}

_MEDIA_FIRST = 22000 + 3300 * _WORKER
MEDIA_PORTS = f"{_MEDIA_FIRST}-{_MEDIA_FIRST + 3299}"

# Runs beside each other do not begin at the same place.
_next = random.randrange(len(_SLICE))


def _is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # Connections that have ended are no reason: a server listens beside them.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_ports(length):
    """The first of that many ports in a row, free for TCP and UDP, not given out before in this round of the slice."""
    global _next
    for _ in range(len(_SLICE)):
        if _next + length > len(_SLICE):
            _next = 0
        ports = _SLICE[_next : _next + length]
        _next += 1
        if _TAKEN.isdisjoint(ports) and all(map(_is_free, ports)):
            _next += length - 1
            return ports[0]
    raise AssertionError(f"no {length} free ports in a row from {_SLICE[0]} to {_SLICE[-1]}")


def free_port():
    """One port on 127.0.0.1 that nobody holds, for TCP and for UDP."""
    return free_ports(1)


def wait_until_free(port, seconds=60):
    """For a port that is part of what is tested."""
    deadline = time.monotonic() + seconds
    while not _is_free(port):
        assert time.monotonic() < deadline, f"somebody else has port {port}"
        time.sleep(0.1)


def free_sip_port(preferred=None):
    """A port free for UDP and for TCP, the preferred one when it is; the next is free, too: some take it for TLS."""
    if preferred is not None and _is_free(preferred):
        return preferred
    return free_ports(2)
