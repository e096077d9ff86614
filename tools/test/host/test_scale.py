# SPDX-License-Identifier: BSD-2-Clause
"""tools/lib/scale.py: what the guest prints becomes instructions per vCPU, what
grows is named, and what is not whole is refused."""

import unittest

from lib import scale, workloads
from lib.paths import Problem


def text(vcpus, cpuid, each=0):
    lines = [f"SCALE begin {scale.VERSION} {vcpus}"]
    for cpu in range(vcpus):
        lines += [f"SCALE op nothing {cpu} 500 100 0",
                  f"SCALE op cpuid {cpu} {100 * (cpuid + each * cpu + 5)} 100 100"]
        if vcpus > 1:
            lines.append(f"SCALE op ipi-ring {cpu} {0 if cpu else 80500} 100 100")
    return "\n".join([*lines, "SCALE end\n"])


class Scale(unittest.TestCase):
    def test_reads(self):
        rows = scale.parse(text(4, 120, each=10), 4)
        self.assertEqual(rows["cpuid"], scale.Row("cpuid", 4, 135, 150, 1))
        self.assertEqual(rows["ipi-ring"], scale.Row("ipi-ring", 4, 200, 200, 1))

    def test_picture(self):
        made = scale.picture({2: scale.parse(text(2, 120), 2)})
        self.assertIn(">120 / 1<", made)
        self.assertIn(">2 vCPUs<", made)

    def test_linux(self):
        def boot(*cpus):
            return [workloads.Phase(0, "boot", 9, 0, [
                workloads.Cpu(0, {32: count}, ticks) for count, ticks in cpus])]
        _, head, lines = scale.linux_table({1: boot((900, 180000)),
                                            2: boot((800, 170000), (40, 10000))})
        self.assertEqual(head, ["vCPUs", "1", "2"])
        self.assertEqual(lines, [
            ["WRMSR", "900", "420"], ["all", "900", "420"],
            ["instructions", "180000, 200 each", "90000, 214 each"]])

    def test_refuses(self):
        whole = text(2, 120)
        for wrong in (whole.replace("SCALE end\n", ""),
                      whole.replace("SCALE op cpuid 1 12500 100 100\n", "")):
            self.assertNotEqual(wrong, whole)
            self.assertRaises(Problem, scale.parse, wrong, 2)

    def test_flat_or_not(self):
        one = scale.parse(text(1, 120), 1)
        self.assertEqual(list(scale.untrue({1: one, 8: scale.parse(text(8, 121), 8)})),
                         [])
        grown, = scale.untrue({1: one, 8: scale.parse(text(8, 140), 8)})
        self.assertIn("CPUID: 120 instructions on 1 vCPUs, 140 on 8", grown)


if __name__ == "__main__":
    unittest.main()
