"""Pictures that phones write into files: what colour they are."""

import struct
import zlib
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass
class Picture:
    """Rows of (red, green, blue)."""

    width: int
    height: int
    rows: list

    def colour_at(self, x, y):
        """The mean colour around a point given in parts of width and height, 0 to 1."""
        across = range(max(0, int(self.width * x) - 3), min(self.width, int(self.width * x) + 4))
        down = range(max(0, int(self.height * y) - 3), min(self.height, int(self.height * y) + 4))
        points = [self.rows[row][column] for row in down for column in across]
        return tuple(sum(point[channel] for point in points) / len(points) for channel in range(3))


def read_png(path):
    """Eight bits of red, green and blue, not interlaced, as baresip writes them. None while the file is unfinished."""
    data = path.read_bytes()
    if not data.startswith(SIGNATURE) or b"IEND" not in data[-12:]:
        return None
    at, packed, header = len(SIGNATURE), b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    width, height, depth, colours, _, _, interlaced = header
    assert (depth, colours, interlaced) == (8, 2, 0), header
    raw = zlib.decompress(packed)
    stride, above, rows = width * 3, bytes(width * 3), []
    for number in range(height):
        start = number * (stride + 1)
        above = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above)
        rows.append([tuple(above[column : column + 3]) for column in range(0, stride, 3)])
    return Picture(width, height, rows)


def unfiltered(kind, line, above):
    """One line of a file as it was before it was filtered (PNG specification, section 9)."""
    for at in range(len(line)):
        left = line[at - 3] if at >= 3 else 0
        corner = above[at - 3] if at >= 3 else 0
        line[at] = (line[at] + (0, left, above[at], (left + above[at]) // 2, nearest(left, above[at], corner))[kind]) & 255
    return bytes(line)


def nearest(left, above, corner):
    """Of three bytes, the one nearest to left + above - corner."""
    estimate = left + above - corner
    return min((left, above, corner), key=lambda byte: abs(estimate - byte))
