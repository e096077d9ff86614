# SPDX-License-Identifier: BSD-2-Clause
"""Interrupt lines through the I/O APIC and LINT0, on every tier (guest/test/lines.c)."""

from lib.scenario import scenario, vm

CASES = (
    "EOI without broadcast", "EOI with broadcast again",
    "taken when the APIC is enabled", "taken when the APIC has the address",
    "not sent when the line fell before",
    "re-aimed while pending", "re-aimed while in service",
    "another vector while in service",
    "LINT0, fixed, edge", "LINT0, fixed, level", "LINT0, level, unmasked late",
    "LINT0, NMI", "LINT0 of CPU 1, ExtINT",
    "LINT0, ExtINT, two with automatic EOI",
)
TIERS = ("emulate", "tpr-shadow", "access-page", "register", "delivery", "posted", "roam")


@scenario()
def lines(test):
    result = test.boot(config=vm("t", "auto", 2, "lines", testdev="on", hypercalls="on"),
                       cpus=2)
    for case in CASES:
        for tier in TIERS:
            result.expect(rf"^PASS {case}: {tier}:", count=1)
    result.expect_passed()
