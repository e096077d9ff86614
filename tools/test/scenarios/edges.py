# SPDX-License-Identifier: BSD-2-Clause
"""Corners: single-steps over what exits, instructions of the processor's own, hidden
features, two CPUs that fault."""

from lib.scenario import scenario, vm


def hidden(features):
    """The guest's keys: without these, which it is told."""
    return {"cmdline": "hidden", "cpuid.hide": features}


@scenario(cases={"shown": dict(more={}),
                 "hidden": dict(more=hidden("x2apic,tsc_deadline_timer"))})
def edges(test, more):
    result = test.boot(config=vm("t", "auto", guest="edges", x2apic="on", **more),
                       cpus=1)
    result.expect(r"^PASS single-step over HLT")
    result.expect_passed()


@scenario(cases={"shown": dict(more={}),
                 "hidden": dict(more=hidden("rdtscp,rdpid,invpcid,xsave"))},
          soak={"haswell": dict(more={}, model="corei7_haswell_4770")})
def processor(test, more, model=None):
    """Instructions that a hypervisor can spoil (guest/test/processor.c)."""
    result = test.boot(config=vm("t", "auto", guest="processor", x2apic="on", **more),
                       cpus=1, model=model)
    result.expect(r"^PASS INVPCID", count=7)
    result.expect_passed()


@scenario()
def two_triple_faults_end_the_vm_once(test):
    result = test.boot(config=vm("t", "auto", 2, "both_fault", x2apic="on"), cpus=2)
    result.expect(r"^\[apical\] vm t: vCPU 0 on CPU \d+: triple fault", count=1)
    # Each vCPU lived once: its exits are still counted.
    result.expect(r"^\[apical\] +1 +\S+ %  triple fault$", count=2)
    result.expect(r"^\[apical\] vm t ended: triple fault$", count=1)
    result.expect_status(1)
