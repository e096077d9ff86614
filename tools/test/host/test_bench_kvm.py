# SPDX-License-Identifier: BSD-2-Clause
"""tools/bench-kvm without an emulator: what both sides print is read as it stands,
exits are counted between marks, rows meet, and a second run is compared."""

import struct
import subprocess
import tempfile
import unittest
from pathlib import Path
from xml.dom import minidom

from lib import bench_kvm, bench_picture, image, kvm_host
from lib.paths import TOOLS, Problem

HOST = """\
[kvm] host 6.12.107+deb13-amd64 cpus=1 apicv=Y timer=Y
[kvm] begin time 7.96
BENCH begin 2 1 other
BENCH op nothing - x2apic 8 8 8 8 200 0 0
BENCH op cpuid - x2apic 1250 1242 1242 1300 200 0 0
BENCH op eoi-edge - xapic 5 5 5 5 200 0 0
BENCH op eoi-edge - x2apic 6 6 6 6 200 0 0
BENCH end
END 0 failed
[kvm] qemu ended with 1
[kvm] end time 8.81
[kvm] begin count 8.81
BENCH begin 2 1 other
BENCH marks op cpuid - x2apic 2 8
BENCH marks op eoi-edge - x2apic 3 8
BENCH marks other cpuid - x2apic 65538 12
BENCH end
[kvm] exits 0x2 CPUID 8
[kvm] exits 0x2 EXTERNAL_INTERRUPT 2
[kvm] exits 0x10002 HLT 24
[kvm] end count 9.81
[kvm] done
"""
APICAL = """\
BENCH begin 2 1 apical
BENCH op cpuid emulate x2apic 400 400 400 400 200 8 8 10:8
BENCH op cpuid posted x2apic 330 330 330 330 200 8 8 10:8
BENCH op eoi-edge posted x2apic 6 6 6 6 200 0 8
BENCH end
"""
# Two vCPUs: the second one's marks stay open while the first one's come and go.
TRACE = """\
# tracer: nop
       CPU 0/KVM-77      [000] d..1.     8.1: kvm_exit: vcpu 0 reason CPUID rip 0x1
       CPU 1/KVM-78      [001] ...1.     8.2: kvm_pio: pio_write at 0xed size 4 count 1 val 0x10002 \x20
       CPU 0/KVM-77      [000] d..1.     8.3: kvm_exit: vcpu 0 reason IO_INSTRUCTION rip 0x2
       CPU 0/KVM-77      [000] ...1.     8.4: kvm_pio: pio_write at 0xed size 4 count 1 val 0x2 \x20
       CPU 0/KVM-77      [000] d..1.     8.5: kvm_exit: vcpu 0 reason MSR_WRITE rip 0x3
       CPU 1/KVM-78      [001] d..1.     8.6: kvm_exit: vcpu 1 reason HLT rip 0x4
       CPU 0/KVM-77      [000] d..1.     8.7: kvm_exit: vcpu 0 reason IO_INSTRUCTION rip 0x2
       CPU 0/KVM-77      [000] ...1.     8.8: kvm_pio: pio_write at 0xed size 4 count 1 val 0x0 \x20
       CPU 0/KVM-77      [000] d..1.     8.9: kvm_exit: vcpu 0 reason CPUID rip 0x1
"""


WORKLOAD = """\
WORKLOAD begin 2 2 other
WORKLOAD phase 0 boot 1000 0
WORKLOAD cpu 0 boot 0 7 0
WORKLOAD cpu 0 boot 1 1 0
WORKLOAD phase 2 busy 99 500
WORKLOAD cpu 2 busy 0 250 0
WORKLOAD cpu 2 busy 1 250 0
WORKLOAD end
[kvm] phase firmware 0 IO_INSTRUCTION 900
[kvm] phase 0 0 CPUID 5
[kvm] phase 0 0 MSR_WRITE 6
[kvm] phase 0 1 MSR_WRITE 3
[kvm] phase 2 1 PREEMPTION_TIMER 250
"""


def awk(program, text):
    """The lines that a program in tools/kvm makes of a trace, sorted."""
    done = subprocess.run(["awk", "-f", str(TOOLS / "kvm" / program)], input=text,
                          check=True, capture_output=True, text=True)
    return sorted(done.stdout.splitlines())


def sides():
    done = bench_kvm.jobs(HOST)
    rows = bench_kvm.kvm_rows(done["time"], done["count"], 1)
    return (bench_kvm.Side("KVM", {"plain": rows}),
            bench_kvm.Side("Apical", {"plain": bench_kvm.measured(
                APICAL, 1, "apical", "posted")}))


class Reading(unittest.TestCase):
    def test_host(self):
        self.assertEqual(bench_kvm.host(HOST), "6.12.107+deb13-amd64")
        self.assertRaises(Problem, bench_kvm.host, HOST.replace("apicv=Y", "apicv=N"))
        self.assertRaises(Problem, bench_kvm.host, "")

    def test_rows(self):
        kvm, apical = sides()
        row = kvm.row("cpuid", "x2apic")
        self.assertEqual((row.median, row.exits), (1242, 1.25))
        self.assertEqual(row.reasons, {1: 0.25, 10: 1})
        self.assertEqual(kvm.row("eoi-edge", "x2apic").exits, 0)
        self.assertIsNone(kvm.row("nothing", "x2apic"))
        self.assertEqual(apical.row("cpuid", "x2apic").median, 330)

    def test_half_a_run_is_none(self):
        done = bench_kvm.jobs(HOST)
        for text in (done["time"].replace("BENCH end\n", ""),
                     done["time"].replace("END 0", "FAIL cpuid: 3\nEND 1")):
            self.assertNotEqual(text, done["time"])
            self.assertRaises(Problem, bench_kvm.measured, text, 1)
        self.assertRaises(Problem, bench_kvm.counted,
                          done["count"].replace("BENCH end\n", ""))
        self.assertRaises(Problem, bench_kvm.number_of, "SOMETHING_NEW")

    def test_awk_counts_between_marks(self):
        self.assertEqual(awk("count.awk", TRACE),
                         ["[kvm] exits 0x10002 HLT 1", "[kvm] exits 0x2 MSR_WRITE 1"])

    def test_workloads(self):
        found = {phase.name: phase for phase in bench_kvm.phases(WORKLOAD)}
        self.assertEqual(list(found), ["firmware", "boot", "busy"])
        self.assertEqual(found["firmware"].exits, {30: 900})
        self.assertEqual(found["boot"].exits, {32: 9, 10: 5})
        self.assertEqual(found["busy"].cpus[1].exits, {52: 250})
        self.assertRaises(Problem, bench_kvm.phases,
                          WORKLOAD.replace("[kvm] phase 0", "[kvm] phase 2"))

    def test_awk_counts_phases(self):
        """Before the kernel, in it, and between two marks of different vCPUs."""
        lines = [(0, "exit", "CPUID rip 0xfff0"),
                 (0, "exit", "CPUID rip 0xffffffff81000000"),
                 (1, "exit", "HLT rip 0xffffffff81000000"),
                 (0, "exit", "IO_INSTRUCTION rip 0x401000"), (0, "pio", "0x1"),
                 (0, "exit", "CPUID rip 0x401000"),
                 (0, "exit", "IO_INSTRUCTION rip 0x401000"), (0, "pio", "0xa"),
                 (1, "exit", "MSR_WRITE rip 0xffffffff81000000"),
                 (0, "exit", "IO_INSTRUCTION rip 0x401000"), (0, "pio", "0xb"),
                 (0, "exit", "CPUID rip 0x401000")]
        forms = {"exit": "vcpu {0} reason {1}",
                 "pio": "pio_write at 0xe9 size 1 count 1 val {1} "}
        said = awk("phases.awk", "".join(
            f"  CPU {cpu}/KVM-9  [000] d..1. 1.5: kvm_{kind}:"
            f" {forms[kind].format(cpu, what)}\n" for cpu, kind, what in lines))
        self.assertEqual(said, ["[kvm] phase 0 0 CPUID 1", "[kvm] phase 0 1 HLT 1",
                                "[kvm] phase 5 1 MSR_WRITE 1",
                                "[kvm] phase firmware 0 CPUID 1"])


class Telling(unittest.TestCase):
    def test_table(self):
        (_, head, lines), (_, _, others) = bench_kvm.tables(*sides())
        self.assertEqual(head, ["operation", "KVM", "Apical", "of which statistics",
                                "KVM : Apical"])
        self.assertIn(["CPUID", "1242 / 1.25", "330 / 1", "-", "3.8"], lines)
        self.assertEqual(others, [["EOI, edge, xAPIC", "5", "-"],
                                  ["EOI, edge, x2APIC", "6", "6"]])
        self.assertEqual(lines[1:], [["... its receiver", "- / 2", "- / 0", "-", "-"]])

    def test_statistics(self):
        """What the build without them has less; it has no column of its own."""
        kvm, apical = sides()
        apical.rows[bench_kvm.UNCOUNTED] = bench_kvm.measured(
            APICAL.replace("posted x2apic 330", "posted x2apic 309").replace(
                " 330 330 330 200 8 8 10:8", " 309 309 309 200 0 8"),
            1, "apical", "posted")
        _, head, lines = bench_kvm.tables(kvm, apical)[0]
        self.assertEqual(len(head), len(lines[0]))
        self.assertEqual(lines[0], ["CPUID", "1242 / 1.25", "330 / 1", "21", "3.8"])

    def test_workload_tables(self):
        kvm, apical = bench_kvm.Side("KVM"), bench_kvm.Side("Apical")
        found = bench_kvm.phases(WORKLOAD)
        kvm.phases[1] = {"plain": found, "alone": found}
        apical.phases[1] = {"plain": found[1:]}
        (_, head, lines), (_, _, reasons) = bench_kvm.tables(kvm, apical)
        self.assertEqual(len(head), len(lines[0]))
        self.assertEqual([line[1:] for line in lines],
                         [["900", "900", "-"], ["14"] * 3, ["250, 0.5 each"] * 3])
        self.assertEqual(reasons[:2], [["I/O instruction", "900", "900", "-"],
                                       ["WRMSR", "9", "9", "9"]])

    def test_says_what_is_missing(self):
        self.assertEqual(list(bench_kvm.unmeasured(*sides())),
                         ["EOI, edge, xAPIC: Apical was not measured"])

    def test_picture_is_xml(self):
        text = bench_picture.svg("A & B", ("KVM", "Apical"),
                                 [("x < y", {"KVM": (1242, "1"), "Apical": (0, "0")})])
        bars = minidom.parseString(text).getElementsByTagName("rect")
        self.assertEqual(len(bars), 5)


class Comparing(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def written(self, name, change=None):
        kvm, apical = sides()
        if change:
            change(kvm.rows["plain"])
        path = Path(self.folder.name) / name
        bench_kvm.write_csv([kvm, apical], path)
        return path

    def differing(self, change):
        return list(bench_kvm.differing(bench_kvm.medians(self.written("a")),
                                        bench_kvm.medians(self.written("b", change))))

    def test_same(self):
        self.assertEqual(self.differing(None), [])

    def test_more_than_one_percent(self):
        def change(rows, by):
            rows["cpuid", "x2apic", False].median += by
        self.assertEqual(self.differing(lambda rows: change(rows, 12)), [])
        self.assertEqual(self.differing(lambda rows: change(rows, 13)),
                         ["KVM plain cpuid x2apic: median 1242, now 1255"])

    def test_missing_row(self):
        found = self.differing(lambda rows: rows.pop(("eoi-edge", "xapic", False)))
        self.assertEqual(found, ["KVM plain eoi-edge xapic: only before"])

    def test_no_csv(self):
        path = Path(self.folder.name) / "c"
        self.assertRaises(Problem, bench_kvm.medians, path)
        path.write_text("side,variant\nKVM,plain\n")
        self.assertRaises(Problem, bench_kvm.medians, path)


@unittest.skipUnless(kvm_host.GRUB.is_dir(), "needs Debian's grub-pc-bin")
class Disk(unittest.TestCase):
    def test_grub_stands_beside_the_partition_table(self):
        """Each part of GRUB names the sector of the next; GPT is as it was."""
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            (work / "file").write_bytes(b"something")
            disk = work / "disk.img"
            image.make(disk, {"vmlinuz": work / "file"})
            before = disk.read_bytes()
            kvm_host.with_grub(disk, "quiet", work)
            after = disk.read_bytes()
            core = (work / "core.img").read_bytes()
        self.assertEqual(after[440:34 * 512], before[440:34 * 512])
        self.assertEqual(after[image.FIRST:], before[image.FIRST:])
        self.assertEqual(struct.unpack_from("<Q", after, 0x5c), (34,))
        self.assertEqual(struct.unpack_from("<Q", after, 35 * 512 - 12), (35,))
        self.assertEqual(after[35 * 512:34 * 512 + len(core)], core[512:])


if __name__ == "__main__":
    unittest.main()
