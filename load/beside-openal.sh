#!/bin/sh
# Moving sources for one listener through Jackfield and through OpenAL Soft, one after the other, five times each.
#
# Both render float stereo at 48 kHz in ticks of 20 ms with the ears of KEMAR; what is compared is processor time as the
# kernel accounts it. Needs the Debian packages libopenal-dev and gcc. Words are numbers of sources, 64 128 250 if none;
# QUALITY is Jackfield's, 3 unless set. Prints the medians.
set -eu

cd "$(dirname "$0")/.."
quality=${QUALITY:-3}
room=$(mktemp -d)
trap 'rm -r "$room"' EXIT
# shellcheck disable=SC2086 # several words may be meant
gcc -O2 ${OPENAL_FLAGS:-} load/beside-openal.c -o "$room/openal-load" -lopenal -lm
printf '[general]\nsources = 4096\n' > "$room/alsoft.conf"
export ALSOFT_CONF="$room/alsoft.conf"
cargo build --quiet --release -p jackfield-media --example spatial_load
jackfield=${CARGO_TARGET_DIR:-target}/release/examples/spatial_load

[ $# -gt 0 ] || set -- 64 128 250
echo "sources  OpenAL Soft us/tick (sources/core)  Jackfield, quality $quality us/tick (sources/core)  ratio"
for sources in "$@"; do
    : > "$room/openal"
    : > "$room/jackfield"
    for _ in 1 2 3 4 5; do
        "$room/openal-load" "$sources" 4 >> "$room/openal"
        "$jackfield" "$sources" "$quality" 4 >> "$room/jackfield"
    done
    openal=$(sort -n "$room/openal" | sed -n 3p)
    ours=$(sort -n "$room/jackfield" | sed -n 3p)
    awk -v n="$sources" -v a="$openal" -v b="$ours" \
        'BEGIN { printf "%7d  %10.1f (%d)  %10.1f (%d)  %.2f\n", n, a, 20000 * n / a, b, 20000 * n / b, a / b }'
done
