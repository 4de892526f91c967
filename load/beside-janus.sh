#!/bin/sh
# The same calls between pages and a telephone through Jackfield and through Janus, one after the other.
#
# Janus gathers no candidates on loopback, so both run in a network namespace made here, on the address of an
# interface that leads nowhere. Needs root and the Debian package janus. Words are passed on, --calls 50 for one.
set -eu

cd "$(dirname "$0")/.."
namespace=jackfield-load-$$
ip netns add "$namespace"
trap 'ip netns delete "$namespace"' EXIT
ip -n "$namespace" link set lo up
ip -n "$namespace" link add nowhere type veth peer name there
ip -n "$namespace" address add 10.77.0.1/24 dev nowhere
ip -n "$namespace" link set there up
ip -n "$namespace" link set nowhere up
ip netns exec "$namespace" "${CARGO_TARGET_DIR:-target}/release/jackfield-load" web-calls \
    --servers jackfield,janus --address 10.77.0.1 "$@"
