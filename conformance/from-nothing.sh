#!/bin/sh
# The README's commands inside a fresh Debian 12 that has Rust and nothing else of ours.
#
# Needs root and debootstrap; takes a clone, so that what is not committed is not tested by accident. Runs
# in a folder that is removed at the end.
set -eu

[ "$(id -u)" = 0 ] || { echo "from-nothing: run as root, or use a fresh machine by hand" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "from-nothing: apt-get install debootstrap first" >&2; exit 2; }

source_tree=$(cd "$(dirname "$0")/.." && pwd)
chroot_folder=$(mktemp -d)
clean_up() {
    for part in proc dev/shm dev; do
        if mountpoint -q "$chroot_folder/$part"; then umount "$chroot_folder/$part"; fi
    done
    rm -rf --one-file-system "$chroot_folder"
}
trap clean_up EXIT
trap "exit 143" INT TERM

debootstrap --variant=minbase --include=ca-certificates,git,curl,gcc,g++,libc6-dev,make,cmake \
    bookworm "$chroot_folder"
# A machine behind a proxy that signs anew trusts authorities of its own; the fresh one has to as well.
if [ -d /usr/local/share/ca-certificates ]; then
    cp -r /usr/local/share/ca-certificates/. "$chroot_folder/usr/local/share/ca-certificates/"
    chroot "$chroot_folder" update-ca-certificates >/dev/null
fi
cp /etc/resolv.conf "$chroot_folder/etc/resolv.conf"
mount -t proc proc "$chroot_folder/proc"
mount --bind /dev "$chroot_folder/dev"
# A browser wants shared memory.
mount -t tmpfs tmpfs "$chroot_folder/dev/shm"

git clone --quiet --no-hardlinks "$source_tree" "$chroot_folder/root/jackfield"

# Rust as this machine has it: the README presumes it is there.
toolchain=$(rustc --print sysroot)
mkdir -p "$chroot_folder/opt/rust"
cp -r "$toolchain/." "$chroot_folder/opt/rust/"

authorities=/etc/ssl/certs/ca-certificates.crt
in_chroot() {
    # pip and npm bring lists of authorities of their own unless told to use the system's.
    chroot "$chroot_folder" env -i HOME=/root LANG=C.UTF-8 PATH=/opt/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        PIP_CERT="$authorities" NODE_EXTRA_CA_CERTS="$authorities" \
        sh -ec "cd /root/jackfield; $1"
}

# First README command: the server starts, says what is open, answers, and ends on a signal.
in_chroot '
    cargo build --release
    setsid cargo run --release > /tmp/said 2>&1 &
    started=$!
    trap "kill -TERM -$started 2>/dev/null || true" EXIT
    tries=0
    until cargo run --quiet --release -- cli -x status | grep -q "^UP "; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || { cat /tmp/said; exit 1; }
        sleep 1
    done
    cat /tmp/said
    kill -TERM -$started
    wait $started || true
'
# Second README command.
in_chroot 'cargo xtask test'
