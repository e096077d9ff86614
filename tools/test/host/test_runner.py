# SPDX-License-Identifier: BSD-2-Clause
"""The runner without an emulator: the choice of accelerator, what is handed to
the emulators, arguments, the verdict."""

import importlib.machinery
import importlib.util
import tempfile
import unittest
import unittest.mock
from pathlib import Path

from lib import accel, emulator, image, initramfs, verdict
from lib.paths import TOOLS, Problem


def load_runner():
    loader = importlib.machinery.SourceFileLoader("apical", str(TOOLS / "apical"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("apical", loader))
    loader.exec_module(module)
    return module


apical = load_runner()


class Accelerator(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def host(self, flags="fpu vmx sse", nested="Y", kvm=True, mode=0o600):
        for folder in ("dev", "proc", "sys/module/kvm_intel/parameters"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "proc/cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\n")
        if kvm:
            (self.root / "dev/kvm").touch(mode)
        if nested is not None:
            path = self.root / "sys/module/kvm_intel/parameters/nested"
            path.write_text(nested + "\n")
        return accel.Host(self.root)

    def test_nested_vtx_is_kvm(self):
        chosen, why = accel.choose("auto", self.host())
        self.assertEqual(chosen, "kvm")
        self.assertIn("nested=Y", why)

    def test_older_kernels_say_one(self):
        self.assertEqual(accel.choose("auto", self.host(nested="1"))[0], "kvm")

    def test_no_vtx(self):
        chosen, why = accel.choose("auto", self.host(flags="fpu svm"))
        self.assertEqual(chosen, "bochs")
        self.assertIn("no VT-x", why)

    def test_vtx_is_a_whole_word(self):
        self.assertEqual(accel.choose("auto", self.host(flags="vmx_x"))[0], "bochs")

    def test_no_device(self):
        chosen, why = accel.choose("auto", self.host(kvm=False))
        self.assertEqual(chosen, "bochs")
        self.assertIn("/dev/kvm", why)

    def test_not_nested(self):
        for value in ("N", "0", None):
            with self.subTest(value=value):
                root = self.root / str(value)
                self.root = root
                chosen, why = accel.choose("auto", self.host(nested=value))
                self.assertEqual(chosen, "bochs")
                self.assertIn("nested", why)

    def test_asked_for(self):
        for wanted in ("kvm", "bochs", "tcg"):
            self.assertEqual(accel.choose(wanted, self.host(flags=""))[0], wanted)


def machine(**changes):
    values = dict(accel="kvm", image=Path("/x/disk.img"), log=Path("/x"), com1=4001)
    return emulator.Machine(**{**values, **changes})


class Qemu(unittest.TestCase):
    def command(self, **changes):
        return emulator.qemu_command(machine(**changes), "qemu", Path("/rom.fd"))

    def value(self, command, option):
        return command[command.index(option) + 1]

    def test_kvm(self):
        self.assertEqual(self.command(), [
            "qemu", "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-smp", "2",
            "-m", "1024", "-bios", "/rom.fd", "-nodefaults", "-no-reboot",
            "-net", "none", "-vga", "std", "-display", "none", "-monitor", "none",
            "-device", "qemu-xhci", "-drive",
            "file=/x/disk.img,format=raw,if=none,id=stick,snapshot=on",
            "-device", "usb-storage,drive=stick,bootindex=0",
            "-chardev", "socket,id=com1,host=127.0.0.1,port=4001",
            "-serial", "chardev:com1"])

    def test_tcg(self):
        command = self.command(accel="tcg", cpus=4, memory=2048)
        self.assertEqual(self.value(command, "-accel"), "tcg")
        self.assertEqual(self.value(command, "-cpu"), "max")
        self.assertEqual(self.value(command, "-smp"), "4")
        self.assertEqual(self.value(command, "-m"), "2048")

    def test_model_and_second_line(self):
        command = self.command(model="Skylake-Client", com2=4002)
        self.assertEqual(self.value(command, "-cpu"), "Skylake-Client")
        self.assertIn("socket,id=com2,host=127.0.0.1,port=4002", command)
        self.assertEqual(command[-1], "chardev:com2")

    def test_what_the_guest_writes_stays_only_if_asked(self):
        command = " ".join(self.command(writable=True))
        self.assertNotIn("snapshot", command)

    def test_extra_arguments_come_last(self):
        self.assertEqual(self.command(extra=["-d", "int"])[-2:], ["-d", "int"])


class Bochs(unittest.TestCase):
    def text(self, size=2 << 20, **changes):
        return emulator.bochsrc(machine(accel="bochs", **changes), "/rom.fd", size)

    def test_rom_ends_at_4_gib(self):
        self.assertIn("address=0xffe00000", self.text())
        self.assertIn("address=0xffc00000", self.text(size=4 << 20))

    def test_time(self):
        self.assertIn("clock: sync=none\n", self.text())
        self.assertIn("clock: sync=slowdown\n", self.text(realtime=True))

    def test_cpus(self):
        text = self.text(cpus=4, model="broadwell_ult", quantum=1)
        self.assertIn("cpu: model=broadwell_ult, count=4,", text)
        self.assertIn("quantum=1", text)
        self.assertIn("model=corei7_icelake_u, count=2", self.text())

    def test_serial(self):
        self.assertIn("com1: enabled=1, mode=socket-client, dev=localhost:4001\n",
                      self.text())
        self.assertNotIn("com2", self.text())
        self.assertIn("com2: enabled=1, mode=socket-client, dev=localhost:4002\n",
                      self.text(com2=4002))

    def test_disk(self):
        self.assertIn("mode=volatile", self.text())
        self.assertIn("mode=flat", self.text(writable=True))


class Arguments(unittest.TestCase):
    def parse(self, *words):
        return apical.parser().parse_args(["run", *words])

    def test_defaults(self):
        options = self.parse()
        self.assertEqual((options.accel, options.cpus, options.memory, options.serial),
                         ("auto", 2, 1024, "stdio"))
        self.assertIsNone(options.timeout)

    def test_nonsense_is_refused(self):
        for words in (["--cpus", "0"], ["--cpus", "x"], ["--accel", "xen"],
                      ["--memory", "-5"]):
            with self.subTest(words=words), self.assertRaises(SystemExit) as end, \
                    open("/dev/null", "w") as nowhere, \
                    unittest.mock.patch("sys.stderr", nowhere):
                self.parse(*words)
            self.assertEqual(end.exception.code, 2)

    def test_files_named_by_a_configuration(self):
        text = ("[vm a]\nkernel = \\vmlinuz  # ours\n initrd=/boot/my.gz\n"
                "#kernel = no\ncmdline = kernel=x\nmodule = \"m.flat\"\n")
        self.assertEqual(apical.named_in(text), ["vmlinuz", "boot/my.gz", "m.flat"])

    def test_paths_on_the_image(self):
        self.assertEqual(str(image.destination("\\EFI\\a.efi")), "EFI/a.efi")
        for text in ("", "\\", "../x"):
            with self.subTest(text=text), self.assertRaises(Problem):
                image.destination(text)

    def test_added_files(self):
        with tempfile.TemporaryDirectory() as folder:
            efi = Path(folder) / "x.efi"
            efi.touch()
            options = self.parse("--efi", str(efi), "--kernel", "/k", "--initrd", "/i",
                                 "--add", "/a/b.txt", "--add", "/c:d/e")
            files = apical.files_for(options, Path(folder))
        self.assertEqual({to: str(source) for to, source in files.items()},
                         {"vmlinuz": "/k", "initramfs.gz": "/i", "b.txt": "/a/b.txt",
                          "d/e": "/c", "EFI/BOOT/BOOTX64.EFI": str(efi)})


class Verdict(unittest.TestCase):
    def after(self, *pieces):
        watcher = verdict.Watcher()
        for piece in pieces:
            watcher.feed(piece)
        return watcher

    def test_ok(self):
        watcher = self.after(b"[apical] vm a ended: power-off\r\n",
                             b"[apical] verdict: ok\r\n")
        self.assertEqual(watcher.ended, [("a", "power-off")])
        self.assertEqual(watcher.status, verdict.OK)

    def test_pieces(self):
        text = b"\r\n[apical] verdict: failed status=7\r\n"
        self.assertEqual(self.after(*(bytes([b]) for b in text)).status, 7)

    def test_not_before_the_line_ends(self):
        self.assertIsNone(self.after(b"[apical] verdict: failed status=1").status)

    def test_reserved_statuses(self):
        for said, status in ((1, 1), (255, 255), (2, 1), (124, 1), (0, 1), (256, 1)):
            text = b"[apical] verdict: failed status=%d\n" % said
            self.assertEqual(self.after(text).status, status, said)
        self.assertEqual(self.after(b"[apical] verdict: failed\n").status, 1)

    def test_refusal_and_panic(self):
        for text in (b"[apical] refused: no VT-x\n", b"[apical] panic: oops\n"):
            watcher = self.after(text, b"[apical] verdict: ok\n")
            self.assertEqual(watcher.status, 1)

    def test_firmware_shell(self):
        text = b"\x1b[2J\x1b[01;01HUEFI Int\x1b[0mx\r\x1b[3;1HEFI Internal Shell"
        self.assertEqual(self.after(text).status, 1)

    def test_words_inside_a_line_do_not_count(self):
        self.assertIsNone(self.after(b"# echo [apical] verdict: ok\n").status)

    def test_guests_cannot_forge_it(self):
        """What terminal control would make to look like ours."""
        for line in (b"\x1b[H[apical] verdict: ok", b"\x1b[1m[apical] verdict: ok",
                     b" [apical] verdict: ok", b"x\r[apical] verdict: ok",
                     b"\0[apical] verdict: ok", b"[api\x1b[mcal] verdict: ok",
                     b"[apical?] verdict: ok", b"[apical]\x1b[m verdict: ok"):
            watcher = self.after(b"[apical] Apical 1\r\n", line + b"\r\n")
            self.assertIsNone(watcher.status, line)
        watcher.feed(b"[apical] verdict: failed status=3\r\n")
        self.assertEqual(watcher.status, 3)

    def test_prompt_that_was_erased(self):
        watcher = self.after(b"[apical] Apical 1\r\n",
                             b"apical> vm\r\x1b[K[apical] verdict: ok\r\n")
        self.assertEqual(watcher.status, verdict.OK)

    def test_loader_after_a_reset(self):
        watcher = self.after(b"[apical] Apical 1\r\n", b"[apical] reset\r\n",
                             b"\x1b[3;1H[apical] refused: no VT-x\x1b[4;1H")
        self.assertEqual(watcher.status, verdict.FAILED)

    def test_ready(self):
        line = b"apical-guest ready; 'poweroff' ends the run\r\n"
        self.assertTrue(self.after(b"uptime: 1 s\r\n", line).ready)
        self.assertFalse(self.after(b"# echo apical-guest ready\r\n").ready)

    def test_a_flood_without_lines(self):
        watcher = self.after(*[b"x" * 5000] * 10)
        self.assertLess(len(watcher.rest), 10000)


class Initramfs(unittest.TestCase):
    def test_layout(self):
        archive = initramfs.Archive()
        archive.file("a", b"12345")
        data = archive.bytes()
        self.assertEqual(len(data) % 512, 0)
        self.assertTrue(data.startswith(b"070701"))
        self.assertEqual(data[110:112], b"a\0")
        self.assertEqual(data[112:117], b"12345")
        self.assertEqual(data[120:126], b"070701")


if __name__ == "__main__":
    unittest.main()
