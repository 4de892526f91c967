"""Hearing: which tone is in a recording, how loud, and where it starts.

Levels are dBFS of a sine: 0 dBFS is a sine that just reaches full scale.
"""

import math
import wave

import numpy


class Recording:
    """Samples of a WAV file, one row per channel, full scale 1.0."""

    def __init__(self, path):
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"{path}: {8 * file.getsampwidth()} bit samples, expected 16")
            self.rate = file.getframerate()
            self.channels = file.getnchannels()
            raw = numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        self.samples = raw.reshape(-1, self.channels).T.astype(float) / 32768.0

    @property
    def seconds(self):
        return self.samples.shape[1] / self.rate

    def channel(self, index):
        return self.samples[index]


def tone_near(samples, rate, expected_hz, tolerance=0.05):
    """The strongest tone within `tolerance` of `expected_hz`: (hertz, dBFS).

    The steadiest part is judged: the median over windows of 200 ms, silence at both ends left out
    by taking only the windows where the tone is within 3 dB of its loudest.
    """
    length = int(rate * 0.2)
    if len(samples) < length:
        return 0.0, -math.inf
    window = numpy.hanning(length)
    scale = 2.0 / window.sum()
    # Eight times as many bins as samples: the peak is then within a hundredth of a bin.
    bins = 8 * length
    low = int(expected_hz * (1 - tolerance) / rate * bins)
    high = int(math.ceil(expected_hz * (1 + tolerance) / rate * bins))
    heard = []
    for start in range(0, len(samples) - length + 1, length // 2):
        spectrum = numpy.abs(numpy.fft.rfft(samples[start : start + length] * window, bins)) * scale
        peak = low + int(numpy.argmax(spectrum[low : high + 1]))
        left, middle, right = spectrum[peak - 1], spectrum[peak], spectrum[peak + 1]
        curve = left - 2 * middle + right
        shift = 0.5 * (left - right) / curve if curve else 0.0
        heard.append(((peak + shift) * rate / bins, middle))
    loudest = max(amplitude for _, amplitude in heard)
    if loudest <= 0:
        return 0.0, -math.inf
    steady = [(hz, amplitude) for hz, amplitude in heard if amplitude > loudest / math.sqrt(2)]
    hertz = float(numpy.median([hz for hz, _ in steady]))
    amplitude = float(numpy.median([amplitude for _, amplitude in steady]))
    return hertz, 20 * math.log10(amplitude)


def gaps(samples, rate, expected_hz, threshold_db=-12.0):
    """Milliseconds, in steps of 20, in which the tone fell `threshold_db` below its usual level,
    after it was first heard and before it was last heard."""
    length = int(rate * 0.02)
    times = numpy.arange(length) / rate
    probe = numpy.exp(-2j * math.pi * expected_hz * times)
    frames = len(samples) // length
    amplitudes = numpy.abs(samples[: frames * length].reshape(frames, length) @ probe) * 2 / length
    usual = float(numpy.median(amplitudes[amplitudes > amplitudes.max() / 4])) if frames else 0.0
    loud = numpy.flatnonzero(amplitudes > usual * 10 ** (threshold_db / 20))
    if len(loud) == 0:
        return math.inf
    inside = amplitudes[loud[0] : loud[-1] + 1]
    return 20.0 * int((inside <= usual * 10 ** (threshold_db / 20)).sum())


def assert_tone(samples, rate, hertz, level_dbfs, what):
    """The tone is there, within 1 % in frequency and 1 dB in level."""
    heard_hz, heard_db = tone_near(samples, rate, hertz)
    assert abs(heard_hz - hertz) <= 0.01 * hertz, f"{what}: heard {heard_hz:.1f} Hz, played {hertz} Hz"
    assert abs(heard_db - level_dbfs) <= 1.0, f"{what}: heard {heard_db:.2f} dBFS, played {level_dbfs} dBFS"


def assert_without_holes(path, hertz):
    """A recording of 2 s and more in which a tone is not missing for longer than two packets."""
    recording = Recording(path)
    assert gaps(recording.channel(0), recording.rate, hertz) <= 40


# How often one listens before a fault is believed.
TIMES = 4


def until_heard(listen, judge):
    """Listens, and again when the judge did not like it: a machine that stood still for a moment is heard as a hole, and so is a
    fault of the server. Only the fault is heard every time."""
    for left in reversed(range(TIMES)):
        heard = listen()
        try:
            judge(heard)
        except AssertionError as fault:
            # Said, so that one who reads the results sees how often that was.
            print(f"heard again: {fault}")
            if not left:
                raise
        else:
            return heard
