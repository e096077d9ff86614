# SPDX-License-Identifier: BSD-2-Clause
"""tools/lib/lab.py: results made from the expectation pass; one that is not as
expected is found and named."""

import io
import unittest

from lib import lab


def packed(letters):
    out, last = "", None
    for letter in letters:
        if letter == last:
            count += 1
        else:
            out += f"{last}{count}" if last else ""
            last, count = letter, 1
    return out + f"{last}{count}"


def event(config, mode, name):
    letter, allowed = lab.events(config, mode)[name]
    exit_ = ""
    if letter in lab.REASONS:
        exit_ = f" 1 {min(lab.REASONS[letter])} {min(allowed or {0}):#x}"
    return f"LAB event {config.name} {name} {letter}{exit_}\n"


def run(mode, vm):
    lines = [f"LAB begin {lab.VERSION} {mode}, CPU 706e5, best tier 5\n"]
    for name, config in lab.CONFIGS.items():
        if not config.possible(mode, 0x3ff, 0xff):
            lines.append(f"LAB config {name} none\n")
            continue
        lines.append(f"LAB config {name} {config.secondary(mode) | 2:#x}"
                     f" {config.pin() | 0x3f:#x}\n")
        for write in (False, True) if mode == "xapic" else ():
            for at in range(0, lab.PAGE, 16):
                cells = [f"{width}:" + packed(
                    lab.page(config, write, width, at + i) for i in range(16))
                    for width in lab.WIDTHS]
                lines.append(f"LAB page {name} {'rw'[write]} {at:03x}-{at + 15:03x}"
                             f" {' '.join(cells)}\n")
        for write in (False, True) if mode == "x2apic" else ():
            lines.append(f"LAB msr {name} {'rw'[write]} " + " ".join(
                f"{number:03x}:{lab.msr(config, write, number)}"
                for number in lab.MSRS) + "\n")
        lines += [event(config, mode, what) for what in lab.events(config, mode)]
        lines.append(f"LAB sum {name} 1234\n")
    lines.append(f"LAB end {mode}\n")
    return "".join(f"[{vm}] {line}" for line in lines)


SERIAL = "[apical] Apical\n" + run("xapic", "a") + run("x2apic", "b")


class Compare(unittest.TestCase):
    def wrong(self, *changes, capabilities=(0x3ff, 0xff)):
        serial = SERIAL
        for before, after in changes:
            self.assertIn(before, serial)
            serial = serial.replace(before, after, 1)
        return lab.compare(lab.parse(serial), capabilities).wrong

    def test_as_expected(self):
        found = lab.compare(lab.parse(SERIAL), (0x3ff, 0xff))
        self.assertEqual(found.wrong, [])
        self.assertGreater(found.tried, 260000)

    def test_one_letter(self):
        wrong = self.wrong(("page register r 0a0-0af 1:A16 2:A16 4:A16",
                            "page register r 0a0-0af 1:A16 2:A16 4:V1A15"))
        self.assertEqual(wrong, ["xapic register: read of 32 bits at 0A0H: virtualized,"
                                 " no exit, should be APIC-access exit"])

    def test_a_line_that_is_lost(self):
        first = SERIAL.index("[a] LAB page posted w 200")
        line = SERIAL[first:SERIAL.index("\n", first) + 1]
        self.assertGreater(len(self.wrong((line, ""))), 0)

    def test_msr(self):
        self.assertEqual(len(self.wrong(("msr posted w 800:G", "msr posted w 800:g"))), 1)

    def test_qualification(self):
        self.assertEqual(len(self.wrong(("eoi-level O 1 45 0x61", "eoi-level O 1 45 0x41"))),
                         1)

    def test_count(self):
        self.assertEqual(len(self.wrong(("eoi-level O 1 45 0x61", "eoi-level O 2 45 0x61"))),
                         1)

    def test_values(self):
        self.assertEqual(len(self.wrong(("sum register 1234", "sum register 1235"))), 1)

    def test_capabilities(self):
        wrong = self.wrong(capabilities=(0x1ff, 0xff))
        self.assertEqual(wrong[0], "xapic delivery-only: run against the processor's"
                         " capabilities")
        self.assertEqual(len(wrong), 6)

    def test_the_end_is_missing(self):
        self.assertEqual(self.wrong(("LAB end x2apic", "LAB")),
                         ["x2apic: the lab did not come to its end"])

    def test_tables(self):
        runs = lab.parse(SERIAL)
        self.assertIn("  0F0     SVR", lab.report(runs))
        out = io.StringIO()
        lab.write_csv(runs, out)
        self.assertIn("\nxapic,page,0F0,4,write,E,E,A,A,W,A,W,W\n", out.getvalue())


if __name__ == "__main__":
    unittest.main()
