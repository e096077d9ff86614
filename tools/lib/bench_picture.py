# SPDX-License-Identifier: BSD-2-Clause
"""The bench of both sides as a picture: an SVG with two bars for each operation,
on a logarithmic scale. Written by hand, so that the same figures give the same
bytes."""

import math
from xml.sax.saxutils import escape

COLOURS = {"KVM": "#d65f5f", "Apical": "#4878d0"}
WIDTH, LABELS, RIGHT = 900, 330, 60
BAR, GAP = 8, 7
TOP, BOTTOM = 54, 24
FONT = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif"'


def _text(x, y, text, size=11, anchor="start", colour="#333333"):
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"'
            f' fill="{colour}">{escape(text)}</text>')


def _decades(most):
    return [10 ** power for power in range(math.ceil(math.log10(most)) + 1)]


def svg(title, names, lines):
    """`lines`: [(operation, {name: (instructions, exits in words)})]"""
    names = [name for name in COLOURS if name in names]
    decades = _decades(max((value for _, values in lines
                            for value, _ in values.values()), default=10))
    scale = (WIDTH - LABELS - RIGHT) / math.log10(decades[-1])
    step = len(names) * BAR + GAP
    height = TOP + len(lines) * step + BOTTOM

    def x(value):
        return LABELS + scale * math.log10(max(value, 1))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
           f' viewBox="0 0 {WIDTH} {height}" {FONT}>',
           f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           _text(12, 20, title, 14)]
    for index, name in enumerate(names):
        left = LABELS + 100 * index
        out += [f'<rect x="{left}" y="30" width="10" height="10"'
                f' fill="{COLOURS[name]}"/>', _text(left + 15, 39, name)]
    for value in decades:
        out += [f'<line x1="{x(value):.1f}" y1="{TOP - 6}" x2="{x(value):.1f}"'
                f' y2="{height - BOTTOM + 4}" stroke="#dddddd"/>',
                _text(x(value), height - 8, f"{value}", 10, "middle")]
    for index, (operation, values) in enumerate(lines):
        top = TOP + index * step
        out.append(_text(LABELS - 8, top + len(names) * BAR / 2 + 4, operation,
                         anchor="end"))
        for place, name in enumerate(names):
            if name not in values:
                continue
            value, exits = values[name]
            y = top + place * BAR
            out += [f'<rect x="{LABELS}" y="{y}" width="{x(value) - LABELS + 1:.1f}"'
                    f' height="{BAR - 1}" fill="{COLOURS[name]}"/>',
                    _text(x(value) + 4, y + BAR - 1, f"{value} / {exits}", 8)]
    return "\n".join(out + ["</svg>"]) + "\n"
