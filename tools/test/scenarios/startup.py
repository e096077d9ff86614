# SPDX-License-Identifier: BSD-2-Clause
"""What the hypervisor says of its own start: the memory that it takes, by kind,
and how long the start took."""

import re

from lib.paths import BUILD
from lib.scenario import Failed, scenario, vm

MEMORY_KIB_MAX = 4096   # with 4 CPUs and a VM of 512 MiB
KINDS = ("image", "page tables", "CPUs", "stacks", "EPT", "VMX structures", "VMs",
         "vCPUs", "traces", "start of CPUs and kept log")
PARTS = {"reading tables and configuration", "finding and checking CPUs",
         "reading files and taking memory", "leaving the firmware",
         "taking the machine over", "measuring the TSC", "starting CPUs",
         "making VMs", "zeroing and loading memory"}
CONFIG = vm("t", "auto", 4, "hello").replace("memory = 16", "memory = 512")


def check_memory(text):
    """The line, whose kinds make its sum."""
    used, taken, kinds = re.search(
        r"memory in KiB: (\d+) of (\d+) used: (.*)", text).groups()
    by_kind = dict(re.fullmatch(r"(.*) (\d+)", kind.strip()).groups()
                   for kind in kinds.split(","))
    if tuple(by_kind) != KINDS:
        raise Failed(f"kinds of memory: {list(by_kind)}")
    if sum(map(int, by_kind.values())) != int(used):
        raise Failed(f"the kinds do not make {used} KiB: {by_kind}")
    if not int(used) <= min(MEMORY_KIB_MAX, int(taken)):
        raise Failed(f"{used} KiB are more than {MEMORY_KIB_MAX}")
    return used, taken


def check_startup(text):
    total, parts = re.search(r"(\d+) ticks from the loader's entry to the guest's"
                             r" start; most for (.*)", text).groups()
    named = re.findall(r"([^,()]+) \((\d+)\)(?:, )?", parts)
    ticks = [int(count) for _, count in named]
    if len(named) != 3 or not {name for name, _ in named} <= PARTS:
        raise Failed(f"parts of the start: {named}")
    if ticks != sorted(ticks, reverse=True) \
            or not int(total) / 2 < sum(ticks) <= int(total):
        raise Failed(f"{ticks} of {total} ticks")


@scenario()
def memory_and_time(test):
    """The bar for the hypervisor's own memory, in the configuration it is for."""
    result = test.boot(CONFIG, {"hello.flat": BUILD / "guest/hello.flat"}, cpus=4,
                       model="corei7_icelake_u", memory=1024)
    result.expect_status(0)
    check_memory(result.serial)
    check_startup(result.serial)
