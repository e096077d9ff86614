# SPDX-License-Identifier: BSD-2-Clause
"""The emulated machine's screen: a picture of it from QEMU, and the text that the
framebuffer console has drawn there, read back glyph by glyph."""

import json
import re
import socket

from .paths import ROOT, Problem

FONT = ROOT / "hv/screen/font.c"
WIDTH, HEIGHT, FIRST = 8, 16, 0x20
DOUBLED_FROM = 2560     # pixels in a row: each glyph's pixel is two by two


def take(qmp, path, seconds=10):
    """Has QEMU write its screen to `path` (.png or .ppm)."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(seconds)
        link.connect(str(qmp))
        lines = link.makefile("rw")
        json.loads(lines.readline())    # the greeting
        _command(lines, "qmp_capabilities")
        _command(lines, "screendump", filename=str(path),
                 format="png" if path.suffix == ".png" else "ppm")


def _command(lines, name, **arguments):
    lines.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
    lines.flush()
    for line in lines:
        answer = json.loads(line)
        if "return" in answer:
            return
        if "error" in answer:
            raise Problem(f"QEMU's {name}: {answer['error'].get('desc')}")
    raise Problem(f"QEMU went away in {name}")


def font():
    """{glyph's 16 rows: character}, out of the hypervisor's own source."""
    rows = re.findall(r"\{0x([0-9a-f]{16}), 0x([0-9a-f]{16})\}", FONT.read_text())
    return {bytes.fromhex(high + low): chr(FIRST + number)
            for number, (high, low) in enumerate(rows)}


class Picture:
    """A .ppm (P6)."""

    def __init__(self, path):
        data = path.read_bytes()
        found = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
        if not found:
            raise Problem(f"{path} is no picture that can be read here")
        self.width, self.height = int(found.group(1)), int(found.group(2))
        self.pixels = data[found.end():]
        self.scale = 2 if self.width >= DOUBLED_FROM else 1
        self.glyphs = font()

    def pixel(self, x, y):
        at = 3 * (y * self.width + x)
        return self.pixels[at:at + 3]

    def cell(self, column, row):
        """(character, or None where the pixels are no glyph; its background)"""
        left, top = column * WIDTH * self.scale, row * HEIGHT * self.scale
        # No glyph has ink in the first row of pixels.
        paper, ink = self.pixel(left, top), set()
        rows = bytearray()
        for y in range(HEIGHT):
            bits = 0
            for x in range(WIDTH):
                pixel = self.pixel(left + x * self.scale, top + y * self.scale)
                bits = bits << 1 | (pixel != paper)
                if pixel != paper:
                    ink.add(pixel)
            rows.append(bits)
        return self.glyphs.get(bytes(rows)) if len(ink) < 2 else None, paper

    def rows(self):
        """[(text, the backgrounds in it)]; what is no glyph is U+FFFD."""
        found = []
        for row in range(self.height // (HEIGHT * self.scale)):
            cells = [self.cell(column, row)
                     for column in range(self.width // (WIDTH * self.scale))]
            found.append(("".join(c or "\ufffd" for c, _ in cells).rstrip(),
                          {paper for _, paper in cells}))
        return found
