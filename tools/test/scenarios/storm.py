# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts in great number on every tier: none lost (guest/test/storm.c), none
slept over (wakeup.c), none late (drift.c)."""

from lib.scenario import scenario

CONFIG = r"""[vm t]
kernel = \{guest}.flat
vcpus = {vcpus}
memory = 16
apic = auto
x2apic = on
hypercalls = on
debug-exit = on
reset = stop
"""
ALL_TIERS = ("emulate", "tpr-shadow", "access-page", "register", "delivery", "posted")


def passes(test, guest, vcpus, cmdline="", tiers=ALL_TIERS, timeout=600, model=None,
           hlt_exit="auto"):
    config = CONFIG.format(guest=guest, vcpus=vcpus) + f"hlt-exit = {hlt_exit}\n"
    if cmdline:
        config += f"cmdline = {cmdline}\n"
    result = test.boot(config=config, cpus=vcpus, timeout=timeout, model=model)
    for tier in tiers:
        result.expect(rf"^PASS .*: {tier}\b")
    result.expect_not(r"^FAIL ")
    result.expect(r"^END 0 failed$", count=1)
    result.expect_status(0)


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
