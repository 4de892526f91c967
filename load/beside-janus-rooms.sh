#!/bin/sh
# The same conferences in Opus through Jackfield and through AudioBridge of Janus, one after the other, time and again.
#
# Sixty members of whom all talk, unless words say otherwise: --members 100 --talkers 3. RUNS is how often each is
# measured, 3 unless set; SERVERS is jackfield,janus,janus-96k unless set. Everything is on
# loopback, in a network namespace made here, so that no port is in anybody's way. Needs root and the Debian package
# janus. AudioBridge encodes with both coders of Opus at the 32 kbit/s Jackfield sends, so it is measured at 96 kbit/s
# too, where it uses the cheaper transform coder alone, as Jackfield does.
set -eu

cd "$(dirname "$0")/.."
exec unshare -n sh -c 'ip link set lo up && exec "$@"' sh \
    "${CARGO_TARGET_DIR:-target}/release/jackfield-load" rooms --servers "${SERVERS:-jackfield,janus,janus-96k}" \
    --runs "${RUNS:-3}" "$@"
