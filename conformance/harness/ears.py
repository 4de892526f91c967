"""Two ears: what is heard in each, how loud, how much sooner, and whether it clicks.

Levels are dBFS of a sine: 0 dBFS is a sine that just reaches full scale. Tones are told apart in windows of 100 ms, so they
lie 50 Hz apart or more; the median of the windows counts, so that a jitter buffer may change its delay in one of them.
"""

import math

import numpy

# Below this is nothing; logarithms want a number.
SILENCE_DB = -120.0
# The longest way round a head, seconds, with room.
LONGEST_LEAD_S = 1e-3


def tones(hertz, level_dbfs, rate=48_000, seconds=1, seed=1):
    """Tones of whole hertz, each of the same level, with phases that do not add up to peaks."""
    phases = numpy.random.default_rng(seed).uniform(0, 2 * math.pi, len(hertz))
    times = numpy.arange(seconds * rate) / rate
    waves = (numpy.sin(2 * math.pi * hz * times + phase) for hz, phase in zip(hertz, phases))
    return 10 ** (level_dbfs / 20) * sum(waves)


def syllables(level_dbfs, rate=48_000, pitch=150):
    """Something like a voice, four syllables in a second: lines at multiples of its pitch that come and go."""
    times = numpy.arange(rate) / rate
    wave = sum(numpy.sin(2 * math.pi * pitch * k * times + k * k) / k for k in range(1, 1 + int(3300 / pitch)))
    wave *= numpy.sin(math.pi * 4 * times) ** 4
    return wave * 10 ** (level_dbfs / 20) / math.sqrt(2 * numpy.mean(wave**2))


def hiss(level_dbfs, rate=48_000, seconds=2):
    """White noise, always the same."""
    noise = numpy.random.default_rng(7).standard_normal(seconds * rate)
    return noise * 10 ** (level_dbfs / 20) / math.sqrt(2 * numpy.mean(noise**2))


def decibels(amplitude):
    return 20 * math.log10(max(abs(amplitude), 10 ** (SILENCE_DB / 20)))


def lines(samples, rate, hertz):
    """Amplitudes and phases of tones as complex numbers: a row per tone, a column per window."""
    length = rate // 10
    window = numpy.hanning(length + 1)[:-1]
    starts = range(0, len(samples) - length + 1, length // 2)
    pieces = numpy.stack([samples[start : start + length] for start in starts], axis=1)
    times = numpy.arange(length) / rate
    probes = numpy.exp(-2j * math.pi * numpy.outer(list(hertz), times)) * window
    return probes @ pieces * 2 / window.sum()


def level(samples, rate, hertz):
    """Level of one tone or of several together, dBFS."""
    hertz = hertz if hasattr(hertz, "__iter__") else [hertz]
    power = numpy.sum(abs(lines(samples, rate, hertz)) ** 2, axis=0)
    return decibels(math.sqrt(float(numpy.median(power))))


def loudness(samples):
    """Level of everything, dBFS."""
    return decibels(math.sqrt(2 * float(numpy.mean(numpy.square(samples)))))


def difference(ears, rate, hertz):
    """How much louder tones are at the right ear, decibels, and how much sooner, seconds.

    Sooner: the delay that explains the phases of all tones best.
    """
    left, right = (lines(ear, rate, hertz) for ear in ears)
    powers = (float(numpy.median(numpy.sum(abs(ear) ** 2, axis=0))) for ear in (right, left))
    louder = 10 * math.log10(next(powers) / next(powers))
    turns = numpy.sum(left.conj() * right, axis=1)
    turns = turns / (abs(turns) + 1e-12)
    leads = numpy.arange(-LONGEST_LEAD_S, LONGEST_LEAD_S, 1e-6)
    fits = (turns[:, None] * numpy.exp(-2j * math.pi * numpy.outer(list(hertz), leads))).real.sum(axis=0)
    return louder, float(leads[int(numpy.argmax(fits))])


def click(samples, rate, above_hz=2000):
    """The loudest peak of what is above some frequency, where no tone is, dBFS."""
    reach = rate // 100
    at = numpy.arange(-reach, reach + 1)
    low = numpy.sinc(2 * above_hz / rate * at) * 2 * above_hz / rate * numpy.blackman(2 * reach + 1)
    high = -low
    high[reach] += 1
    return decibels(float(numpy.abs(numpy.convolve(samples, high, "valid")).max()))
