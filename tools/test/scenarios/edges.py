# SPDX-License-Identifier: BSD-2-Clause
"""Corners: single-steps over what exits, instructions of the processor's own, hidden
features, two CPUs that fault."""

from lib.scenario import scenario

CONFIG = r"""[vm t]
kernel = \{guest}.flat
vcpus = {vcpus}
memory = 16
apic = auto
x2apic = on
debug-exit = on
reset = stop
{more}
"""


@scenario(cases={"shown": dict(more=""),
                 "hidden": dict(more="cpuid.hide = x2apic,tsc_deadline_timer\n"
                                     "cmdline = hidden")})
def edges(test, more):
    result = test.boot(config=CONFIG.format(guest="edges", vcpus=1, more=more), cpus=1)
    result.expect(r"^PASS single-step over HLT")
    result.expect_not(r"^FAIL ")
    result.expect(r"^END 0 failed$", count=1)
    result.expect_status(0)


@scenario(cases={"shown": dict(more=""),
                 "hidden": dict(more="cpuid.hide = rdtscp,rdpid,invpcid,xsave\n"
                                     "cmdline = hidden")},
          soak={"haswell": dict(more="", model="corei7_haswell_4770")})
def processor(test, more, model=None):
    """Instructions that a hypervisor can spoil (guest/test/processor.c)."""
    result = test.boot(config=CONFIG.format(guest="processor", vcpus=1, more=more),
                       cpus=1, model=model)
    result.expect(r"^PASS INVPCID", count=7)
    result.expect_not(r"^FAIL ")
    result.expect(r"^END 0 failed$", count=1)
    result.expect_status(0)


@scenario()
def two_triple_faults_end_the_vm_once(test):
    result = test.boot(config=CONFIG.format(guest="both_fault", vcpus=2, more=""), cpus=2)
    result.expect(r"^\[apical\] vm t: vCPU 0 on CPU \d+: triple fault", count=1)
    # Each vCPU lived once: its exits are still counted.
    result.expect(r"^\[apical\] +1 +\S+ %  triple fault$", count=2)
    result.expect(r"^\[apical\] vm t ended: triple fault$", count=1)
    result.expect_status(1)
