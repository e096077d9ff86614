# SPDX-License-Identifier: BSD-2-Clause
"""tools/lib/workloads.py: what the guest prints is read as it stands; what is not
whole, or says that a phase did not do its work, is refused."""

import unittest

from lib import workloads
from lib.paths import Problem

TEXT = """\
noise
WORKLOAD begin 2 2 apical
WORKLOAD phase 0 boot 1000 0
WORKLOAD cpu 0 boot 0 7 900 10:5 32:3
WORKLOAD cpu 0 boot 1 1 600 32:4
WORKLOAD phase 4 forks 99 500
WORKLOAD cpu 4 forks 0 1 0
WORKLOAD cpu 4 forks 1 0 300 1:2
WORKLOAD end
"""


class Workloads(unittest.TestCase):
    def test_reads(self):
        boot, forks = workloads.parse(TEXT)
        self.assertEqual((boot.name, boot.ticks, boot.work), ("boot", 1000, 0))
        self.assertEqual(boot.exits, {32: 7, 10: 5})
        self.assertEqual(list(boot.exits), [32, 10])
        self.assertEqual((boot.total, boot.timer, boot.exit_ticks), (12, 8, 1500))
        self.assertEqual([cpu.exits for cpu in forks.cpus], [{}, {1: 2}])

    def test_refuses(self):
        for wrong in (TEXT.replace("WORKLOAD end\n", ""),
                      TEXT.replace("begin 2", "begin 9"),
                      TEXT.replace("forks 99 500", "forks 99 499"),
                      TEXT.replace("WORKLOAD cpu 4 forks 1 0 300 1:2\n", "")):
            self.assertNotEqual(wrong, TEXT)
            self.assertRaises(Problem, workloads.parse, wrong)

    def test_table(self):
        (title, head, lines), = workloads.tables({2: workloads.parse(TEXT)})
        self.assertIn("2 vCPUs", title)
        self.assertEqual(len(head), 3)
        self.assertEqual(lines[0], ["WRMSR", "7", "-"])
        self.assertEqual(lines[-2:], [["all exits", "12", "2"],
                                      ["timer interrupts", "8", "1"]])


if __name__ == "__main__":
    unittest.main()
