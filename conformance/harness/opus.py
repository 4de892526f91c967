"""Opus by libopus itself, which baresip brings along: sound into packets and back."""

import ctypes

import numpy

RATE = 48_000
# Samples of the 20 ms that a packet lasts.
PACKET = 960

_AUDIO = 2049
_SET_BITRATE = 4002
_LONGEST = 1500


class OpusError(Exception):
    """libopus refused; the number is its own (`opus_defines.h`)."""


def _library():
    library = ctypes.CDLL("libopus.so.0")
    # Pointers are longer than the `int` that is presumed.
    library.opus_encoder_create.restype = ctypes.c_void_p
    library.opus_decoder_create.restype = ctypes.c_void_p
    return library


_libopus = _library()


def _made(create, *arguments):
    error = ctypes.c_int()
    state = create(*arguments, ctypes.byref(error))
    if error.value:
        raise OpusError(error.value)
    return ctypes.c_void_p(state)


def encode(samples, bits_per_second=96_000):
    """Packets of 20 ms; `samples` are of one channel at 48 kHz, full scale 1.0."""
    state = _made(_libopus.opus_encoder_create, RATE, 1, _AUDIO)
    try:
        _libopus.opus_encoder_ctl(state, _SET_BITRATE, ctypes.c_int(bits_per_second))
        packets = []
        for start in range(0, len(samples) - PACKET + 1, PACKET):
            frame = numpy.ascontiguousarray(samples[start : start + PACKET], numpy.float32)
            out = ctypes.create_string_buffer(_LONGEST)
            length = _libopus.opus_encode_float(
                state, frame.ctypes.data_as(ctypes.c_void_p), PACKET, out, _LONGEST
            )
            if length < 0:
                raise OpusError(length)
            packets.append(out.raw[:length])
        return packets
    finally:
        _libopus.opus_encoder_destroy(state)


class Decoder:
    """Packets of one stream in their order, to two channels."""

    def __init__(self):
        self._state = _made(_libopus.opus_decoder_create, RATE, 2)

    def decode(self, packet):
        """Rows left and right; `None` for a packet that was lost."""
        out = numpy.zeros((PACKET, 2), numpy.float32)
        length = _libopus.opus_decode_float(
            self._state, packet, len(packet or b""), out.ctypes.data_as(ctypes.c_void_p), PACKET, 0
        )
        if length != PACKET:
            raise OpusError(length)
        return out.T

    def __del__(self):
        _libopus.opus_decoder_destroy(self._state)
