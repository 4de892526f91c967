#!/usr/bin/env python3
"""Makes the prompts that are compiled into the server: espeak-ng speaks, this brings it to 8 kHz and µ-law.

Needs espeak-ng (`apt-get install espeak-ng`). Writes beside itself, into a folder for each table below; a file that is there
stays as it is.
"""

import math
import pathlib
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
RATE = 8000

VOICEMAIL = {
    "vm-advanced": "For options,",
    "vm-delete_recording": "To delete it,",
    "vm-enter_id": "Please enter your number, then press pound.",
    "vm-enter_pass": "Please enter your password, then press pound.",
    "vm-fail_auth": "That is not right.",
    "vm-goodbye": "Goodbye.",
    "vm-hello": "Welcome to your mailbox.",
    "vm-listen_new": "For new messages,",
    "vm-listen_saved": "For saved messages,",
    "vm-listen_to_recording": "To hear it again,",
    "vm-mailbox_full": "This mailbox is full.",
    "vm-main_menu": "For the main menu,",
    "vm-message": "message.",
    "vm-message_number": "Message number",
    "vm-messages": "messages.",
    "vm-new": "new",
    "vm-next": "For the next one,",
    "vm-no_more_messages": "No more messages.",
    "vm-not_available": "Nobody can take your call.",
    "vm-not_saved": "Your message could not be saved.",
    "vm-press": "press",
    "vm-record_greeting": "To record a greeting,",
    "vm-record_greeting_now": "Speak your greeting after the tone, then press pound.",
    "vm-record_message": "Please leave a message after the tone.",
    "vm-save_recording": "To keep it,",
    "vm-saved": "Saved.",
    "vm-saved_word": "saved",
    "vm-to_exit": "To leave,",
    "vm-too-small": "That was too short.",
    "vm-you_have": "You have",
}

CONFERENCE = {
    "conf-has_joined": "has joined the conference.",
    "conf-has_left": "has left the conference.",
    "conf-members": "people in this conference.",
    "conf-somebody": "Somebody",
    "conf-there_are": "There are",
}

DIGITS = {str(n): str(n) for n in [*range(21), 30, 40, 50, 60, 70, 80, 90]} | {
    "star": "star", "pound": "pound", "dot": "point", "hundred": "hundred", "thousand": "thousand", "million": "million",
    "h-0": "zeroth", "h-1": "first", "h-2": "second", "h-3": "third", "h-30": "thirtieth", "h-40": "fortieth",
    "h-50": "fiftieth", "h-60": "sixtieth", "h-70": "seventieth", "h-80": "eightieth", "h-90": "ninetieth",
    "h-hundred": "hundredth", "h-thousand": "thousandth", "h-million": "millionth",
} | {f"h-{n}": f"{n}th" for n in range(4, 21)}

TIME = {f"day-{n}": day for n, day in enumerate(
    "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split())} | {f"mon-{n}": month for n, month in enumerate(
        "January February March April May June July August September October November December".split())} | {
    "a-m": "A M", "p-m": "P M", "oclock": "o'clock", "oh": "oh", "hour": "hour", "hours": "hours", "minute": "minute",
    "minutes": "minutes", "second": "second", "seconds": "seconds",
}

CURRENCY = {"and": "and", "cent": "cent", "cents": "cents", "dollar": "dollar", "dollars": "dollars", "negative": "minus"}

# By the number of the character.
ASCII = {str(ord(letter)): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"} | {
    "45": "dash", "47": "slash", "64": "at", "95": "underscore"}


def spoken(text):
    """Samples and their rate."""
    wav = subprocess.run(["espeak-ng", "-v", "en-us", "-s", "160", "--stdout", text], check=True,
                         capture_output=True).stdout
    rate = struct.unpack_from("<I", wav, 24)[0]
    data = wav[wav.index(b"data") + 8:]
    return struct.unpack(f"<{len(data) // 2}h", data[: len(data) // 2 * 2]), rate


def trimmed(samples):
    """Without the silence around, but for a tenth of a second behind."""
    loud = [at for at, sample in enumerate(samples) if abs(sample) > 200]
    return samples[max(loud[0] - 200, 0): loud[-1] + 2200]


def resampled(samples, rate):
    """At 8 kHz, by a windowed sinc that ends at 3.6 kHz."""
    cutoff, half = 3600 / rate, 48
    out = []
    for n in range(int(len(samples) * RATE / rate)):
        centre = n * rate / RATE
        total = 0.0
        for k in range(max(0, int(centre) - half), min(len(samples), int(centre) + half + 1)):
            x = k - centre
            sinc = 2 * cutoff if x == 0 else math.sin(2 * math.pi * cutoff * x) / (math.pi * x)
            window = 0.5 + 0.5 * math.cos(math.pi * x / (half + 1))
            total += samples[k] * sinc * window
        out.append(max(-32768, min(32767, round(total))))
    return out


def ulaw(sample):
    """One sample (ITU-T G.711)."""
    sign, value = (0x80, -sample) if sample < 0 else (0, sample)
    value = min(value, 32635) + 132
    exponent = value.bit_length() - 8
    return ~(sign | exponent << 4 | value >> exponent + 3 & 0x0F) & 0xFF


def write(path, samples):
    data = bytes(map(ulaw, samples))
    data += b"\xff" * (len(data) % 2)
    form = struct.pack("<HHIIHH", 7, 1, RATE, RATE, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


def main():
    total = 0
    folders = {"ascii": ASCII, "conference": CONFERENCE,
               "currency": CURRENCY, "digits": DIGITS, "time": TIME, "voicemail": VOICEMAIL}
    for folder, texts in folders.items():
        for name, text in texts.items():
            path = HERE / folder / f"{name}.wav"
            if path.exists():
                continue
            samples, rate = spoken(text)
            write(path, resampled(trimmed(samples), rate))
            total += path.stat().st_size
    print(f"{total} bytes", file=sys.stderr)


main()
