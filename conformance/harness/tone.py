"""A tone in a WAV file, for a phone to play."""

import math
import wave

import numpy


def write_tone(path, hertz, level_dbfs, seconds, rate=8000):
    """16 bit mono; `level_dbfs` is the level of the sine, full scale being 0."""
    times = numpy.arange(int(seconds * rate)) / rate
    samples = 10 ** (level_dbfs / 20) * numpy.sin(2 * math.pi * hertz * times)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).round().astype("<i2").tobytes())
