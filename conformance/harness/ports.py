"""Free ports for a test run. A port is asked of the kernel and given back just before it is used."""

import socket

_given = set()


def free_port(kind=socket.SOCK_STREAM):
    """One port on 127.0.0.1 that nobody holds and that this run has not given out before."""
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def free_sip_port(preferred=None):
    """A port free for UDP and for TCP; the preferred one when it is free."""
    while True:
        port = free_port(socket.SOCK_STREAM) if preferred is None else preferred
        preferred = None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
