#!/usr/bin/env python3
"""Whether two pictures of one page are a light one and a dark one that both show much: picture.py LIGHT.png DARK.png"""
import struct
import sys
import zlib


def rows(path):
    """The pixels' bytes, row by row, and how many bytes a pixel has; eight bits a channel, not interlaced."""
    data = open(path, "rb").read()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    size = {2: 3, 6: 4}[kind]
    assert depth == 8, depth
    packed, place = b"", 8
    while place < len(data):
        length, name = struct.unpack(">I4s", data[place:place + 8])
        packed += data[place + 8:place + 8 + length] if name == b"IDAT" else b""
        place += length + 12
    raw, before = zlib.decompress(packed), bytearray(width * size)
    for number in range(height):
        start = number * (width * size + 1)
        line, how = bytearray(raw[start + 1:start + 1 + width * size]), raw[start]
        for i in range(len(line)):
            left, up, corner = line[i - size] if i >= size else 0, before[i], before[i - size] if i >= size else 0
            nearest = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            line[i] = line[i] + (0, left, up, (left + up) // 2, nearest)[how] & 255
        before = line
        yield line, size


def look(path):
    """Mean brightness, and how many colours there are."""
    total, pixels, colours = 0, 0, set()
    for number, (line, size) in enumerate(rows(path)):
        if number % 8 == 0:
            for i in range(0, len(line), size * 4):
                total += sum(line[i:i + 3])
                colours.add(bytes(line[i:i + 3]))
                pixels += 3
    return total / pixels, len(colours)


(light, light_colours), (dark, dark_colours) = look(sys.argv[1]), look(sys.argv[2])
print(f"brightness {light:.0f} and {dark:.0f}, colours {light_colours} and {dark_colours}")
sys.exit(0 if light > 200 and dark < 70 and min(light_colours, dark_colours) > 50 else 1)
