# SPDX-License-Identifier: BSD-2-Clause
"""The emulators' configurations and command lines, from one description."""

from dataclasses import dataclass, field
from pathlib import Path

from . import bochs
from .paths import Problem, program

OVMF = [Path("/usr/share/ovmf/OVMF.fd"), Path("/usr/share/OVMF/OVMF_CODE.fd")]
VGABIOS = [Path("/usr/share/vgabios/vgabios.bin")]
DEFAULT_MODEL = {"bochs": "corei7_icelake_u", "tcg": "max", "kvm": "host"}


@dataclass
class Machine:
    accel: str
    image: Path
    log: Path                   # folder for logs and scratch files
    com1: int                   # TCP port on this host that listens
    com2: int | None = None
    cpus: int = 2
    model: str | None = None
    memory: int = 1024          # MiB
    realtime: bool = False      # guest time keeps to the wall clock
    ips: int = 100000000        # Bochs: instructions per second of guest time
    quantum: int | None = None  # Bochs: instructions per turn of a CPU
    writable: bool = False      # what the guest writes stays in the image
    vnc: bool = False
    qmp: Path | None = None
    serial_device: str | None = None    # QEMU: where com1 is, else the PC's first
    resets: bool = False        # QEMU: a reset does not end it
    extra: list = field(default_factory=list)   # verbatim, for the emulator


def _file(candidates, package):
    for path in candidates:
        if path.exists():
            return path
    raise Problem(f"{candidates[0]} is missing (Debian package {package};"
                  " tools/setup installs it)")


def firmware():
    return _file(OVMF, "ovmf")


def bochsrc(machine, rom, rom_size):
    """The text of a bochsrc."""
    cpu = [f"model={machine.model or DEFAULT_MODEL['bochs']}",
           f"count={machine.cpus}", f"ips={machine.ips}",
           "reset_on_triple_fault=0", "ignore_bad_msrs=1"]
    if machine.quantum:
        cpu.append(f"quantum={machine.quantum}")
    lines = [
        "config_interface: textconfig",
        'display_library: rfb, options="timeout=0"' if machine.vnc
        else "display_library: nogui",
        f"romimage: file={rom}, address={(1 << 32) - rom_size:#x}",
        f"vgaromimage: file={_file(VGABIOS, 'vgabios')}",
        "cpu: " + ", ".join(cpu),
        f"memory: guest={machine.memory}, host={machine.memory}",
        "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
        f"ata0-master: type=disk, path={machine.image},"
        f" mode={'flat' if machine.writable else 'volatile'}",
        "pci: enabled=1, chipset=i440fx",
        f"com1: enabled=1, mode=socket-client, dev=localhost:{machine.com1}",
        f"log: {machine.log / 'bochs.log'}",
        "panic: action=fatal",
        "error: action=ignore",
        "info: action=ignore",
        f"clock: sync={'slowdown' if machine.realtime else 'none'}",
        "boot: disk",
    ]
    if machine.com2:
        lines.append(f"com2: enabled=1, mode=socket-client,"
                     f" dev=localhost:{machine.com2}")
    return "\n".join(lines + machine.extra) + "\n"


def bochs_command(machine, rom):
    """The command that starts Bochs with this firmware."""
    path = bochs.ensure()
    config = machine.log / "bochsrc"
    config.write_text(bochsrc(machine, rom, rom.stat().st_size))
    return [str(path), "-q", "-f", str(config)]


def qemu_command(machine, qemu, rom):
    """QEMU's command line, for KVM (nested) and for TCG (no VT-x at all)."""
    model = machine.model or DEFAULT_MODEL[machine.accel]
    drive = f"file={machine.image},format=raw,if=none,id=stick"
    if not machine.writable:
        drive += ",snapshot=on"
    command = [
        qemu, "-machine", "q35", "-accel", machine.accel,
        "-cpu", model, "-smp", str(machine.cpus), "-m", str(machine.memory),
        "-bios", str(rom), "-nodefaults",
        *([] if machine.resets else ["-no-reboot"]), "-net", "none", "-vga", "std", "-display", "none", "-monitor", "none",
        "-device", "qemu-xhci", "-drive", drive,
        "-device", "usb-storage,drive=stick,bootindex=0",
    ]
    if machine.vnc:
        command += ["-vnc", ":0"]
    for number, port in enumerate([machine.com1, machine.com2], 1):
        if port:
            where = ["-serial", f"chardev:com{number}"]
            if number == 1 and machine.serial_device:
                where = ["-device", f"{machine.serial_device},chardev=com1"]
            command += ["-chardev", f"socket,id=com{number},host=127.0.0.1,port={port}",
                        *where]
    if machine.qmp:
        command += ["-qmp", f"unix:{machine.qmp},server=on,wait=off"]
    return command + machine.extra


def prepare(machine):
    """The command that starts the machine."""
    rom = firmware()
    if machine.accel in ("kvm", "tcg"):
        qemu = program("qemu-system-x86_64", "qemu-system-x86")
        return qemu_command(machine, qemu, rom)
    if machine.qmp or machine.serial_device:
        raise Problem("--qmp, --screenshot and --serial-device are QEMU's: use"
                      " --accel tcg")
    return bochs_command(machine, rom)
