# SPDX-License-Identifier: BSD-2-Clause
"""Benches as pictures: an SVG with some bars for each operation, on a logarithmic
or a linear scale. Written by hand, so that the same figures give the same bytes."""

import math
from xml.sax.saxutils import escape

COLOURS = {"KVM": "#d65f5f", "Apical": "#4878d0"}
WIDTH, LABELS, RIGHT = 940, 360, 60
BAR, GAP = 8, 7
TOP, BOTTOM = 54, 24
FONT = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif"'


def _text(x, y, text, size=11, anchor="start", colour="#333333"):
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"'
            f' fill="{colour}">{escape(text)}</text>')


def _decades(most):
    return [10 ** power for power in range(math.ceil(math.log10(most)) + 1)]


def _steps(most):
    step = 10 ** math.floor(math.log10(most))
    step = next(each for each in (step / 5, step / 2, step, 2 * step)
                if most / each <= 8)
    return [round(step * count) for count in range(math.ceil(most / step) + 1)]


def svg(title, names, lines, colours=COLOURS, linear=False):
    """`lines`: [(operation, {name: (instructions, exits in words)})]"""
    names = [name for name in colours if name in names]
    most = max((value for _, values in lines for value, _ in values.values()),
               default=10)
    marks = _steps(most) if linear else _decades(most)
    room = WIDTH - LABELS - RIGHT
    step = len(names) * BAR + GAP
    height = TOP + len(lines) * step + BOTTOM

    def x(value):
        share = value / marks[-1] if linear \
            else math.log10(max(value, 1)) / math.log10(marks[-1])
        return LABELS + room * share

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
           f' viewBox="0 0 {WIDTH} {height}" {FONT}>',
           f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           _text(12, 20, title, 14)]
    for index, name in enumerate(names):
        left = LABELS + 100 * index
        out += [f'<rect x="{left}" y="30" width="10" height="10"'
                f' fill="{colours[name]}"/>', _text(left + 15, 39, name)]
    for value in marks:
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
                    f' height="{BAR - 1}" fill="{colours[name]}"/>',
                    _text(x(value) + 4, y + BAR - 1, f"{value} / {exits}", 8)]
    return "\n".join(out + ["</svg>"]) + "\n"
