# SPDX-License-Identifier: BSD-2-Clause
"""The picture of a trace: exits over time by reason, and how long they took."""

import collections
import itertools

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot, ticker       # noqa: E402

from . import trace                         # noqa: E402

REASONS_SHOWN = 7       # the others together
BINS = 90
SIZE = (9.0, 6.2)       # inches
DPI = 100
COLOURS = ("#4878d0", "#ee854a", "#6acc64", "#d65f5f", "#956cb4", "#8c613c",
           "#dc7ec0", "#b0b0b0")
OTHERS = "others"


def _span(capture):
    """(first, last) TSC at which every vCPU's events are still there."""
    rings = [ring for ring in capture.rings.values() if ring.records]
    first = max([ring.records[0].tsc for ring in rings if ring.first]
                or [capture.start])
    return first, max(ring.records[-1].tsc for ring in rings)


def _by_reason(capture, first):
    """{name: [(us since first, ticks in the hypervisor)]}, the most frequent at the
    beginning."""
    found = collections.defaultdict(list)
    for ring in capture.rings.values():
        for record, ticks in trace.handled(ring):
            if record.tsc >= first:
                found[trace.reason(record.detail)].append(
                    ((record.tsc - first) * 1e6 / capture.hz, ticks))
    order = sorted(found, key=lambda name: -len(found[name]))
    shown = {name: found[name] for name in order[:REASONS_SHOWN]}
    rest = [item for name in order[REASONS_SHOWN:] for item in found[name]]
    if rest:
        shown[OTHERS] = rest
    return shown


def _over_time(axes, groups, length_us):
    unit, name = (1000, "ms") if length_us > 5000 else (1, "µs")
    edges = [length_us / unit * i / BINS for i in range(BINS + 1)]
    axes.hist([[us / unit for us, _ in items] for items in groups.values()], edges,
              stacked=True, color=COLOURS[:len(groups)],
              label=[f"{name} ({len(items)})" for name, items in groups.items()])
    axes.set_xlim(0, length_us / unit)
    axes.set_xlabel(f"time in {name}")
    axes.set_ylabel(f"exits in {length_us / unit / BINS:.3g} {name}")
    axes.yaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    axes.legend(fontsize="small", ncol=4, frameon=False, loc="lower left",
                bbox_to_anchor=(-0.01, 1.0), borderaxespad=0.2)


def _latencies(axes, groups):
    every = sorted(ticks for items in groups.values() for _, ticks in items)
    if not every:
        return
    low, high = max(1, every[0]) * 0.9, every[-1] * 1.1
    edges = [low * (high / low) ** (i / 60) for i in range(61)]
    axes.hist([[ticks for _, ticks in items] for items in groups.values()], edges,
              stacked=True, color=COLOURS[:len(groups)])
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xlabel("ticks of the TSC in the hypervisor, exit to entry")
    axes.set_ylabel("exits")
    axes.yaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    for part, height in ((0.5, 0.97), (0.99, 0.87)):
        at = every[min(len(every) - 1, int(len(every) * part))]
        axes.axvline(at, color="black", linewidth=0.8, linestyle=":")
        axes.annotate(f" {'median' if part == 0.5 else '99 %'}: {at}",
                      (at, height), xycoords=("data", "axes fraction"),
                      fontsize="small", va="top")


def draw(capture, title=""):
    """The figure."""
    first, last = _span(capture)
    groups = _by_reason(capture, first)
    length = (last - first) * 1e6 / capture.hz
    figure, (above, below) = pyplot.subplots(2, figsize=SIZE, layout=None)
    _over_time(above, groups, length or 1)
    _latencies(below, groups)
    vcpus = ", ".join(ring.title for ring in itertools.islice(
        capture.rings.values(), 8))
    figure.suptitle(title or f"VM exits of {vcpus}", fontsize="medium")
    for axes in (above, below):
        axes.grid(axis="y", linewidth=0.4, alpha=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.tight_layout()
    return figure


def write(capture, path, title=""):
    """The format is that of the file's name."""
    figure = draw(capture, title)
    figure.savefig(path, dpi=DPI)
    pyplot.close(figure)
