# SPDX-License-Identifier: BSD-2-Clause
"""Debian's gdb against a VM: on COM2, on the console's line, against one of two
VMs, and what the guest notices of it (guest/test/debugme.c)."""

import mmap
import re
import socket
import subprocess

from lib.paths import BUILD, cache_dir, program
from lib.scenario import Failed, Skipped, scenario, vm

ELF = BUILD / "guest" / "debugme.elf"
SECONDS = 120
HYPERVISOR = "[hypervisor]\ngdb = com2\n"
COM2 = ["--com2", "tcp:0"]
# Presses Ctrl-C in a gdb that waits for its target.
CTRL_C = """python import os, signal, threading
python threading.Timer({}, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
"""


def debug(test, port, script, elf=ELF):
    """What gdb prints while it does what the script says."""
    path = test.last_log / "script.gdb"
    path.write_text(f"""set confirm off
set pagination off
set width 0
set remotetimeout 20
set tcp connect-timeout 30
target remote :{port}
{script}""")
    command = [program("gdb", "gdb"), "-nx", "-batch", "-x", path]
    try:
        done = subprocess.run([*command, *([elf] if elf else [])], timeout=SECONDS,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        said = done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode(errors="replace") + "\n[no end]"
    with open(test.last_log / "gdb.log", "a") as log:
        log.write(said)
    return said


def expect(said, *patterns):
    """The patterns, in this order."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.MULTILINE).search(said, at)
        if not found:
            raise Failed(f"expected /{pattern}/ in what gdb said:\n{said[at:][-3000:]}")
        at = found.end()


def begin(test, config, timeout=150, **arguments):
    line = test.talk(config=config, options=COM2, timeout=timeout, **arguments)
    test.last_log = line.log
    return line


def unnoticed(result):
    """The guest's own traps all came, and no other; nothing changed under it."""
    result.expect(r"^PASS own traps: ")
    result.expect_not(r"^FAIL ")
    result.expect(r"^END 0 failed$")
    result.expect_status(0)


@scenario()
def a_program_is_debugged(test):
    config = HYPERVISOR + vm("t", "auto", vcpus=2, guest="debugme", gdb="wait")
    with begin(test, config) as line:
        line.wait(r"^\[apical\] vm t waits for a debugger$")
        said = debug(test, line._port("com2"), """
info threads
break guest_main
continue
break leaf if cpu == 1
continue
backtrace
info threads
finish
step
next
print debugme.numbers
set var debugme.numbers[0] = 1000
print debugme.numbers[0]
set var $kept = $rbx
print $rbx = 0x1122334455667788
print/x $rbx
set var $rbx = $kept
info registers cs cr0 efer
print/x $mxcsr
print $xmm3.uint128 = 0x99
delete
watch debugme.watched
continue
continue
delete
hbreak write_watched
continue
print value == debugme.watched + 64
stepi
delete
rwatch debugme.finish
continue
delete
x/4bx 0xfee00000
break *0x40000000
continue
delete
monitor vms
print debugme.int3s > 0
set var debugme.finish = 1
detach
""".replace("x/4bx 0xfee00000", "python\ntry: gdb.execute('x/4bx 0xfee00000')\n"
            "except gdb.MemoryError as e: print(e)\nend")
   .replace("break *0x40000000\ncontinue", "break *0x40000000\npython\n"
            "try: gdb.execute('continue')\nexcept gdb.error as e: print(e)\nend"))
        expect(said, r"Thread 1 \(t\.0: running, on CPU 0\)",
               r"Thread 2 \(t\.1: waits for SIPI, on CPU 1\)",
               r"hit Breakpoint 1, guest_main",
               r"Thread 2 hit Breakpoint 2, leaf \(cpu=cpu@entry=1",
               r"^#0  leaf \(", r"^#1 .* inner \(", r"^#2 .* outer \(",
               r"^#3 .* other_cpu \(\)", r"^\* 2    Thread 2 ",
               r"^Value returned is ", r"^outer \(", r"= \{2, 3, 5, 7\}", r"= 1000$",
               r"= 0x1122334455667788$", r"^cr0 .* PG \]", r"^efer .*LME LMA",
               r"= 0x1f80$", r"= 153$", r"^Hardware watchpoint 3",
               r"^Old value = 0\nNew value = 64$", r"^Old value = 64\nNew value = 128$",
               r"hit Breakpoint 4, write_watched", r"^\$\d+ = 1$",
               r"Hardware read watchpoint 5: debugme\.finish\n\nValue = 0",
               r"Cannot access memory at address 0xfee00000",
               r"Cannot insert breakpoint", r"\bt +debugged ",
               r"^\$\d+ = 1$", r"detached")
        result = line.end()
        unnoticed(result)


@scenario()
def steps_and_stops(test):
    """Ctrl-C; steps with interrupts on, none of which ends in a handler though the
    timer is always due; a second debugger; detached, it runs on to its end."""
    config = HYPERVISOR + vm("t", "auto", vcpus=2, guest="debugme", gdb="on")
    with begin(test, config) as line:
        line.wait(r"^debugme: 2 CPUs$")
        port = line._port("com2")
        said = debug(test, port, CTRL_C.format(1) + """continue
info threads
thbreak write_watched
continue
stepi 16
backtrace
step
step
""" + CTRL_C.format(1) + """continue
info threads
detach
""")
        expect(said, r"Program received signal SIGINT|Thread \d received signal SIGINT",
               r"hit Temporary breakpoint 1, write_watched", r"^#\d .*first_cpu \(\)",
               r"received signal SIGINT", r"detached")
        if "trap_entry" in said or "trap_dispatch" in said:
            raise Failed(f"a step ended in an interrupt's handler:\n{said}")
        said = debug(test, port, "info threads\nset var debugme.finish = 1\n")
        expect(said, r"Thread 2 \(t\.1: ")
        unnoticed(line.end())


UNSEEN = """print/x *(unsigned char *)write_watched
break write_watched
continue
continue
continue
print/x *(unsigned char *)write_watched
print value == debugme.watched + 64
"""
# Breakpoints in as many pages as can be hidden, which the guest does not use.
OTHERS = "".join(f"break *{page:#x}\n" for page in range(0x20000, 0x30000, 0x1000))
ICELAKE = dict(model="corei7_icelake_u")


@scenario(cases={"icelake": dict(ICELAKE, apic="auto")},
          soak={"icelake-emulate": dict(ICELAKE, apic="emulate")})
def a_breakpoint_is_not_seen(test, model, apic):
    """The guest reads its own code, with breakpoints in it. Where the page cannot be
    hidden, it sees them, and the log tells."""
    config = HYPERVISOR + vm("t", apic, vcpus=2, guest="debugme", gdb="on")
    with begin(test, config, model=model) as line:
        line.wait(r"^debugme: 2 CPUs$")
        port = line._port("com2")
        said = debug(test, port, UNSEEN + """print debugme.wrong_sums
break other_cpu
break *0x40000000
python
try: gdb.execute("continue")
except gdb.error as e: print(e)
end
delete 3
set var *(unsigned char *)other_cpu = *(unsigned char *)other_cpu
continue
set var debugme.finish = 1
detach
""")
        expect(said, r"^\$1 = (0x[0-9a-f]+)$", *[r"hit Breakpoint 1, write_watched"] * 3,
               r"^\$2 = 0x(?!cc)", r"^\$3 = 1$", r"^\$4 = 0$",
               r"Cannot insert breakpoint", r"hit Breakpoint 1, write_watched",
               r"detached")
        result = line.end()
        unnoticed(result)
        result.expect_not("can see breakpoints")


@scenario(cases={"icelake": ICELAKE})
def a_breakpoint_is_seen(test, model):
    """There are more pages with breakpoints than can be hidden: it still hits, and the
    guest sees it."""
    config = HYPERVISOR + vm("t", "auto", vcpus=2, guest="debugme", gdb="on")
    with begin(test, config, model=model) as line:
        line.wait(r"^debugme: 2 CPUs$")
        said = debug(test, line._port("com2"), OTHERS + UNSEEN
                     + "delete\nset var debugme.finish = 1\ndetach\n")
        expect(said, *[r"hit Breakpoint 17, write_watched"] * 3, r"^\$2 = 0x(?!cc)",
               r"^\$3 = 1$", r"detached")
        result = line.end()
        result.expect(r"GDB: vm t can see breakpoints in its code: they are in too many",
                      count=1)
        result.expect(r"^FAIL code that changed")
        result.expect(r"^PASS own traps: ")


@scenario(cases={"icelake": ICELAKE})
def what_the_processor_reads(test, model):
    """INT3 where the guest has its IDT and its stack: the delivery of
    events gets what is really there."""
    config = HYPERVISOR + vm("t", "auto", vcpus=2, guest="debugme", gdb="on")
    with begin(test, config, model=model) as line:
        line.wait(r"^debugme: 2 CPUs$")
        said = debug(test, line._port("com2"), """thread 1
break *($idt_base + 0x40 * 16)
break *(((unsigned long)$rsp & ~0xfff) + 8)
break write_watched
continue
continue
print debugme.numbers
print debugme.wrong_sums + debugme.wrong_traps + debugme.wrong_dr
delete
set var debugme.finish = 1
detach
""")
        expect(said, *[r"hit Breakpoint 3, write_watched"] * 2, r"= \{2, 3, 5, 7\}$",
               r"^\$2 = 0$", r"detached")
        result = line.end()
        unnoticed(result)
        result.expect_not("can see breakpoints")


@scenario()
def others_run_on(test):
    """The debugger is on the console's line; the VM beside it answers meanwhile; the
    one that is debugged is killed."""
    config = (vm("other", "auto", guest="idle")
              + vm("t", "auto", guest="debugme", gdb="on"))
    with begin(test, config) as line:
        line.wait(r"idle: up")
        line.wait(r"debugme: 1 CPUs")
        line.type("\x01g")
        line.disconnect()
        said = debug(test, line.port, """
break write_watched
continue
monitor vms
kill
""")
        expect(said, r"^Breakpoint 1, write_watched", r"other .*running",
               r"killed")
        line.connect()
        line.type("\x010")
        line.type("abcq")
        line.wait(r"ABC")
        result = line.end()
        result.expect(r"vm t ended: by the operator")
        result.expect(r"PASS idle: CPU 0")
        result.expect_status(0)


@scenario()
def a_debugger_vanishes(test):
    """The VM stands until the monitor is told, and its breakpoint is gone then: it runs
    on, and another debugger may come, which is told of the VM's end."""
    config = HYPERVISOR + vm("t", "auto", guest="debugme", gdb="on")
    with begin(test, config) as line:
        line.wait(r"^debugme: 1 CPUs$")
        port = line._port("com2")
        debug(test, port, "hbreak leaf\ncontinue\ncontinue\n"
              "python import os\npython os.kill(os.getpid(), 9)\n")
        line.monitor()
        expect(line.ask("gdb"), r"a debugger debugs vm t")
        expect(line.ask("vms"), r"0 t +debugged")
        expect(line.ask("gdb off"), r"a debugger would get vm t")
        expect(line.ask("vms"), r"0 t +running")
        said = debug(test, port, """
thbreak write_watched
continue
monitor gdb
set var debugme.finish = 1
continue
""")
        expect(said, r"reakpoint 1, write_watched", r"debugs vm t",
               r"exited normally")
        result = line.end()
        result.expect(r"PASS own traps: ")
        result.expect_status(0)


@scenario(cases={tier: dict(ICELAKE, apic=tier) for tier in ("emulate", "posted")})
def time_stands_still(test, model, apic):
    """Before the first instruction; at a breakpoint; while one CPU steps and the
    other is held: the guest cannot tell that it was away."""
    config = HYPERVISOR + vm("t", apic, vcpus=2, guest="standstill", gdb="wait")
    with begin(test, config, model=model) as line:
        line.wait(r"^\[apical\] vm t waits for a debugger$")
        said = debug(test, line._port("com2"), f"""shell sleep 1.5
{CTRL_C.format(1)}continue
shell sleep 1.5
set scheduler-locking on
stepi
shell sleep 1.5
stepi 10
set scheduler-locking off
thbreak told_to_end
continue
shell sleep 1.5
detach
""", elf=BUILD / "guest" / "standstill.elf")
        expect(said, r"received signal SIGINT",
               r"hit Temporary breakpoint 1, told_to_end", r"detached")
        for _ in range(3):
            line.wait(r"^standstill: \d+ ticks$")
        line.type("q")
        result = line.end()
        result.expect(r"^PASS ", count=8)
        result.expect_passed()


@scenario()
def one_goes_on(test):
    """One vCPU runs; the other is held, on a CPU that nothing else wakes, and sees
    to its timer and the devices all the same."""
    config = HYPERVISOR + vm("t", "posted", vcpus=2, guest="standstill", cpus="1,2")
    with begin(test, config, cpus=3, model="corei7_icelake_u") as line:
        line.wait(r"^standstill: \d+ ticks$")
        said = debug(test, line._port("com2"), f"""{CTRL_C.format(1)}continue
thread 2
set scheduler-locking on
{CTRL_C.format(1)}continue
monitor apic t.0
detach
""", elf=BUILD / "guest" / "standstill.elf")
        expect(said, r"^t\.0 on CPU 1: ", r"^  IRR 50$", r"; stopped$", r"^  PIR 52  ON 1 ",
               r"detached")
        line.type("q")
        line.end().expect_status(3)     # it was away


def packet(debugger, text, answer):
    """Sends one packet; what came up to that answer."""
    debugger.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
    debugger.settimeout(SECONDS)
    came = b""
    while answer not in came:
        came += debugger.recv(4096)
    return came


@scenario()
def too_early(test):
    """A debugger comes while the VM's memory is zeroed, which takes its CPU longer
    than one waits for an answer: the log says so. Once it has gone the VM runs."""
    config = HYPERVISOR + vm("t", "auto", guest="debugme", cpus="1").replace(
        "memory = 16", "memory = 1536")
    with begin(test, config, memory=2048) as line:
        line.wait(r"^\[apical\] vm t: 1 vCPU, 1536 MiB")
        with socket.create_connection(("127.0.0.1", line._port("com2"))) as debugger:
            packet(debugger, "?", b"$T05")
            line.wait(r"^\[apical\] GDB: vCPU 0 of vm t does not answer$")
            packet(debugger, "D", b"$OK#")
        line.wait(r"^debugme: 1 CPUs$")
        line.quit()


LINUX = HYPERVISOR + r"""[vm debian]
kernel = \vmlinuz
initrd = \initramfs.gz
cmdline = console=ttyS0 quiet
vcpus = 2
memory = 512
apic = access-page
"""
SYMBOL = "__x64_sys_sethostname"


def address_of(line, symbol):
    """As the running kernel tells; its random base included."""
    line.type(f"grep -w {symbol} /proc/kallsyms\n")
    found = line.wait(rf"^([0-9a-f]{{16}}) T {symbol}$")
    return int(found.group(1), 16)


@scenario(cases={"debian": {}})
def a_kernel(test):
    """Without its symbols: breakpoints of both kinds at an address of the running
    kernel, reached by a system call; a step; a page that is not there; and it is
    held for longer than a stalled CPU may be silent (21 s, in Bochs less of the
    wall clock). Afterwards the kernel has nothing to complain of."""
    with begin(test, LINUX, timeout=400) as line:
        line.wait(r"^Linux .* on 2 CPUs", 240)
        address = address_of(line, SYMBOL)
        port = line._port("com2")
        line.type("(while sleep 1; do hostname apical; done) &\n")
        for kind in ("hbreak", "break"):
            said = debug(test, port, f"""info threads
{kind} *{address:#x}
continue
print/x $pc
x/2i $pc
stepi
print $pc != {address:#x}
info registers cr0 cr3 efer gs_base
shell sleep 6
detach
""", elf=None)
            expect(said, r"Thread 1 \(debian\.0: ", r"Thread 2 \(debian\.1: ",
                   rf"reakpoint 1, 0x0*{address:x}", rf"^\$1 = {address:#x}$",
                   rf"=> {address:#x}", r"^\$2 = 1$", r"^cr0 .* PG ",
                   r"^efer .* SCE ", r"detached")
        line.type("kill $!; echo name=$(hostname); dmesg; poweroff\n")
        result = line.end(120)
        result.expect(r"^name=apical$")
        result.expect_not(r"\bBUG\b|[Oo]ops|Call Trace|soft lockup|int3:")
        result.expect_status(0)


def symbols():
    """The ELF file of the cached kernel, as Debian's package linux-image-*-dbg has it
    under /usr/lib/debug/boot: put there by hand, as it takes a GB."""
    elf = cache_dir() / "files" / "vmlinux-trixie"
    image = cache_dir() / "files" / "vmlinuz-trixie"
    if not elf.exists():
        raise Skipped(f"needs the kernel's symbols as {elf}")
    raw = image.read_bytes()[:0x10000]
    at = 0x200 + int.from_bytes(raw[0x20e:0x210], "little")     # kernel_version
    release = raw[at:raw.index(b" ", at)]
    with open(elf, "rb") as file, \
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if text.find(b"Linux version " + release + b" ") < 0:
            raise Skipped(f"{elf} is not of {release.decode()}")
    return elf


@scenario(cases={}, soak={"debian": {}})
def a_kernel_by_symbol(test):
    """As above with its symbols: a breakpoint at a name, who called it, a variable."""
    elf = symbols()
    with begin(test, LINUX.replace("quiet", "quiet nokaslr"), timeout=400) as line:
        line.wait(r"^Linux .* on 2 CPUs", 240)
        line.type("(while sleep 1; do hostname apical; done) &\n")
        said = debug(test, line._port("com2"), f"""break {SYMBOL}
continue
backtrace
print (char *)&init_uts_ns.name.sysname
delete
detach
""", elf=elf)
        expect(said, rf"reakpoint 1, .*{SYMBOL}", r"^#\d+ .*do_syscall_64",
               r'"Linux"$', r"detached")
        line.type("kill $!; echo name=$(hostname); dmesg; poweroff\n")
        result = line.end(120)
        result.expect(r"^name=apical$")
        result.expect_not(r"\bBUG\b|[Oo]ops|Call Trace|soft lockup|int3:")
        result.expect_status(0)
