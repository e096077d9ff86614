# SPDX-License-Identifier: BSD-2-Clause
"""docs/debugging.md, done as it is written: each section's configuration is
booted, its commands are typed, its keys pressed, and every line that it shows
must come, in that order. Long numbers and addresses may differ; where one did, the
commands that follow have the new one."""

import re
import select
import subprocess

from lib.paths import ROOT, program
from lib.scenario import Failed, scenario

DOCUMENT = ROOT / "docs/debugging.md"
# What differs from build to build: three digits or more, and numbers with a point.
NUMBER = re.compile(r"\b(?:0x)?(?:\d+\.\d+|(?=[a-f]*\d)[0-9a-f]{3,})(?=\b|H)|(?<=:)\d+\b"
                    r"|\bx\d+\b", re.IGNORECASE)
BYTE = re.compile(r"(?<= )[0-9a-f]{2}(?= )")
PROMPT = "apical> "
GDB_SECONDS = 100
QUIET = 1.0             # seconds


def sections():
    """{title: [steps]}; a step is a paragraph or the lines of a block."""
    found, steps = {}, None
    for part in re.split(r"^(## [^\n]*|```\n.*?^```)$", DOCUMENT.read_text(),
                         flags=re.MULTILINE | re.DOTALL):
        if part.startswith("## "):
            steps = found.setdefault(part[3:], [])
        elif part.startswith("```"):
            steps is None or steps.append(part.strip("`\n").splitlines())
        elif steps is not None:
            steps.append(part)
    return found


def plain_value(number):
    return re.sub("^(0x)?0*", "", number.lower())


class Reader:
    """Somebody who follows a section."""

    def __init__(self, test, line, folder):
        self.line = line
        self.log = line.log / "serial.log"
        self.csv = folder / "trace.csv"
        self.monitor = False
        self.numbers = {}       # the document's -> this run's

    def do(self, step):
        if isinstance(step, str):
            self.prose(step)
        elif step[0].startswith(PROMPT):
            self.commands(step, PROMPT, self.ask)
        elif step[0].startswith("$ gdb "):
            self.gdb(step)
        elif step[0].startswith("$ "):
            self.commands(step, "$ ", self.shell)
        elif step[0].startswith("[apical] "):
            for text in step:
                if text != "...":
                    self.line.wait(NUMBER.sub(r"\\w+", re.escape(text)))

    def prose(self, text):
        """What the guest says is waited for; keys are pressed."""
        if "Ctrl-A g" in text:
            self.line.type("\x01g")
        for said in re.findall(r"The guest says `(.*?)`", text):
            self.line.wait(f"^{re.escape(said)}$")
        for key in re.findall(r"(?:Press|once more) `(.)`", text):
            if self.monitor:
                self.line.type("\x01c")
                self.monitor = False
            self.line.type(key)

    def commands(self, step, prompt, run):
        """Each command of a block, and the lines shown below it."""
        blocks = []
        for text in step:
            if text.startswith(prompt):
                blocks.append((text[len(prompt):], []))
            elif text != "...":
                blocks[-1][1].append(text)
        for command, shown in blocks:
            command = NUMBER.sub(self.number_here, command)
            self.compare(command, shown, run(command).splitlines())

    def number_here(self, match):
        value = self.numbers.get(plain_value(match[0]))
        return f"0x{value}" if value else match[0]

    def ask(self, command):
        if not self.monitor:
            self.line.monitor()
            self.monitor = True
        return self.line.ask(command)

    def shell(self, command):
        command = command.replace("serial.log", str(self.log))
        command = command.replace("trace.csv", str(self.csv))
        done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"'{command}': {done.stderr}")
        return done.stdout

    def gdb(self, step):
        """Debian's gdb at the other end of the line; all that it says at once."""
        begin = ["set pagination off", "set width 0", "set remotetimeout 30"]
        commands = [text.removeprefix("(gdb) ").replace("/dev/ttyUSB0", f":{self.line.port}")
                    for text in step if text.startswith("(gdb) ")]
        shown = [text for text in step[1:]
                 if text != "..." and not text.startswith("(gdb) ")]
        asked = [word for text in begin + commands for word in ("-ex", text)]
        while select.select([self.line.socket], [], [], QUIET)[0] and self.line.read():
            pass        # else what was typed last might be lost with the connection
        self.line.disconnect()
        done = subprocess.run([program("gdb", "gdb"), "-nx", "-batch", *asked,
                               *step[0].split()[2:]], cwd=ROOT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=GDB_SECONDS)
        (self.log.parent / "gdb.log").write_text(done.stdout)
        self.line.connect()
        self.compare("gdb", shown, done.stdout.splitlines())

    def compare(self, command, shown, seen):
        seen = iter(seen)
        so_far = []
        for text in shown:
            for other in seen:
                so_far.append(other)
                if self.same(command, text, other):
                    break
            else:
                raise Failed(f"'{command}' should show\n    {text}\nbut shows\n    "
                             + "\n    ".join(so_far))

    def same(self, command, text, other):
        def normal(line):
            line = " ".join(line.split())
            if command.startswith(("dis", "mem")):
                line = BYTE.sub("#", line)
            return NUMBER.sub("#", line)
        if normal(text) != normal(other):
            return False
        for mine, here in zip(NUMBER.finditer(text), NUMBER.finditer(other)):
            self.numbers[plain_value(mine[0])] = plain_value(here[0])
        return True


def follow(test, title):
    steps = sections()[title]
    at = next(i for i, step in enumerate(steps) if step[0].startswith("["))
    config = "\n".join(steps[at]) + "\n"
    cpus = int(re.search(r"vcpus = (\d+)|$", config).group(1) or 1)
    with test.talk(config=config, cpus=cpus) as line:
        reader = Reader(test, line, test.log)
        for step in steps[at + 1:]:
            reader.do(step)
        return line.quit()


@scenario()
def hang(test):
    follow(test, "A guest that hangs")


@scenario()
def lost_interrupt(test):
    follow(test, "An interrupt that is lost")


@scenario()
def failed_entry(test):
    follow(test, "A VM entry that fails")


@scenario()
def failed_entry_by_a_control(test):
    """The other kind of failure, VM-instruction error 7, which the document leaves
    out; another VM goes on."""
    config = ("[vm t]\nkernel = \\faulty.flat\ncmdline = controls\nmemory = 16\n"
              "hypercalls = on\n\n"
              "[vm good]\nkernel = \\hello.flat\nmemory = 16\ndebug-exit = on\n")
    result = test.boot(config=config, cpus=2)
    result.expect(r"^\[apical\]   VM-instruction error 7$", count=1)
    result.expect(r"^\[apical\]   rule broken: VM-Execution Control Fields: more CR3-target "
                  r"values than IA32_VMX_MISC allows \(CR3-target count = 5H\)$", count=1)
    result.expect(r"^\[apical\] vm t ended: VM entry failed$", count=1)
    result.expect(r"^\[good\] END 0 failed$", count=1)
    result.expect_status(1)
