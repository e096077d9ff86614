# SPDX-License-Identifier: BSD-2-Clause
"""The framebuffer console, by screenshots of QEMU's screen: the text is read back
from the pixels by the font, and compared with what the serial line said."""

from lib.scenario import Failed, scenario
from lib.screen import Picture

CONFIG = """[hypervisor]
selftest = panic
screen = {screen}

[vm a]
kernel = \\hello.flat
memory = 16
"""
RED, BLACK = bytes([0xb0, 0, 0]), bytes(3)
SENTENCE = "selftest = panic: this is what a panic looks like"


def resolution(width, height):
    """QEMU's options for a monitor that prefers this mode."""
    values = (f"xres={width}", f"yres={height}", "vgamem_mb=64")
    return [f"--emulator-arg={word}" for value in values
            for word in ("-global", f"VGA.{value}")]


def shot(test, screen, options=()):
    """(the run's result, its screen's picture)"""
    path = test.log / "screen.ppm"
    result = test.boot(config=CONFIG.format(screen=screen), accel="tcg", cpus=1,
                       timeout=60, options=("--screenshot", str(path), *options))
    result.expect(rf"^\[apical\] panic: {SENTENCE}$", count=1)
    result.expect_status(1)
    return result, Picture(path)


@scenario(cases={"1280x800": dict(width=1280, height=800),
                 "2560x1600": dict(width=2560, height=1600)})
def panic(test, width, height):
    """The panic's title and sentence stand on red; below, every line is there as
    on the serial line. From 2560 pixels on, glyphs are twice as large."""
    result, picture = shot(test, "on", resolution(width, height))
    result.same("the screen", (picture.width, picture.height), (width, height))
    rows = picture.rows()
    titles = [text for text, papers in rows if papers == {RED}]
    result.same("what stands on red", titles,
                [" Apical 0.1: panic on CPU 0, APIC ID 0", f" {SENTENCE}"])
    said = result.serial[result.serial.index("[apical] panic:"):].split("\n")
    said = [line.rstrip() for line in said if line.strip()]
    shown = [text for text, papers in rows[len(titles):] if papers == {BLACK}]
    result.same("the rows that are black", len(shown), len(rows) - len(titles))
    result.same("the screen's text", shown[:len(said)], said)
    if "".join(shown[len(said):]).strip():
        raise Failed(f"there is more on the screen: {shown[len(said):]}")


@scenario()
def scrolling(test):
    """The hardware report is longer than the screen: its end is there, long lines
    in several rows, and then the log goes on."""
    path = test.log / "screen.ppm"
    result = test.boot(config="[hypervisor]\nreport = on\npoweroff = off\n",
                       accel="tcg", cpus=2, timeout=60,
                       options=("--until", "memory in KiB", "--screenshot", str(path),
                                *resolution(640, 240)))
    result.expect_status(0)
    rows = [text for text, _ in Picture(path).rows()]
    columns, height = 640 // 8, 240 // 16
    said = [line.rstrip() for line in
            result.serial[result.serial.index("[apical] Apical "):].splitlines()
            if line.startswith("[apical] ")]
    expected = [line[at:at + columns].rstrip() for line in said
                for at in range(0, len(line), columns)]
    if len(expected) <= height:
        raise Failed(f"there are {len(expected)} rows only: nothing scrolls")
    result.same("the screen's text", rows, expected[-height:])


@scenario()
def off(test):
    """screen = off: not a pixel is drawn."""
    _, picture = shot(test, "off")
    if any(RED in papers for _, papers in picture.rows()):
        raise Failed("there is something red on the screen")


@scenario()
def none(test):
    """screen = on refuses a machine without a screen; auto goes on."""
    result = test.boot(config=CONFIG.format(screen="on"), accel="tcg", cpus=1,
                       timeout=60, options=("--emulator-arg=-vga",
                                            "--emulator-arg=none"))
    result.expect(r"^\[apical\] refused: screen = on, but", count=1)
    result = test.boot(config=CONFIG.format(screen="auto"), accel="tcg", cpus=1,
                       timeout=60, options=("--emulator-arg=-vga",
                                            "--emulator-arg=none"))
    result.expect(rf"^\[apical\] panic: {SENTENCE}$", count=1)
