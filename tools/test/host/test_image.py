# SPDX-License-Identifier: BSD-2-Clause
"""tools/lib/image.py: the same files give the same image, other files another one,
and what is on it can be read back."""

import tempfile
import time
import unittest
from pathlib import Path

from lib import image
from lib.paths import Problem

NAMES = slice(512 + 56, 512 + 72)       # the disk's GUID, in GPT's header


class Image(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        (self.work / "a").write_bytes(b"a")
        (self.work / "b").write_bytes(b"b")

    def made(self, files):
        disk = self.work / "disk.img"
        image.make(disk, {to: self.work / source for to, source in files.items()})
        return disk.read_bytes()

    def test_same_files_same_bytes(self):
        once = self.made({"x/y": "a", "z": "b"})
        time.sleep(2)       # what FAT's times count in
        (self.work / "a").touch()
        again = self.made({"z": "b", "x/y": "a"})
        self.assertTrue(once == again)

    def test_other_files_another_disk(self):
        disks = {self.made(files)[NAMES] for files in (
            {"x": "a"}, {"x": "b"}, {"y": "a"}, {"x": "a", "y": "b"})}
        self.assertEqual(len(disks), 4)

    def test_reads_back(self):
        self.made({"EFI/BOOT/x": "b"})
        self.assertEqual(image.read(self.work / "disk.img", "\\efi\\boot\\x"), b"b")
        self.assertIsNone(image.read(self.work / "disk.img", "y"))

    def test_outside(self):
        self.assertRaises(Problem, image.destination, "../x")
        self.assertRaises(Problem, image.make, self.work / "disk.img",
                          {"x": self.work / "none"})


if __name__ == "__main__":
    unittest.main()
