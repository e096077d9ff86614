# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts in great number on every tier: none lost (guest/test/storm.c), none
slept over (wakeup.c), none late (drift.c)."""

from lib.scenario import scenario, vm

ALL_TIERS = ("emulate", "tpr-shadow", "access-page", "register", "delivery", "posted")


def passes(test, guest, vcpus, cmdline="", tiers=ALL_TIERS, timeout=600, model=None,
           hlt_exit="auto"):
    config = vm("t", "auto", vcpus, guest, cmdline, x2apic="on", hypercalls="on",
                hlt_exit=hlt_exit)
    result = test.boot(config=config, cpus=vcpus, timeout=timeout, model=model)
    for tier in tiers:
        result.expect(rf"^PASS .*: {tier}\b")
    result.expect_passed()


@scenario(cases={"4-cpus": dict(vcpus=4)},
          soak={"2-cpus": dict(vcpus=2), "3-cpus": dict(vcpus=3),
                "million": dict(vcpus=4, cmdline="count=1000000", timeout=3600),
                "haswell": dict(vcpus=2, tiers=ALL_TIERS[:5], model="corei7_haswell_4770")})
def every_interrupt_is_accounted_for(test, **arguments):
    passes(test, "storm", **arguments)


@scenario(cases={"xapic": {}, "hlt-exits": dict(cmdline="step=20", hlt_exit="on")},
          soak={"x2apic": dict(cmdline="x2apic"),
                "x2apic-hlt-exits": dict(cmdline="x2apic", hlt_exit="on")})
def no_wake_up_is_lost(test, **arguments):
    passes(test, "wakeup", 2, **arguments)


@scenario()
def timers_do_not_drift(test):
    passes(test, "drift", 1)
