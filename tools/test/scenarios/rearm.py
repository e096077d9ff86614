# SPDX-License-Identifier: BSD-2-Clause
"""TSC deadlines of a CPU that does not leave the guest while it waits for them."""

from lib.scenario import scenario, vm


@scenario()
def deadlines_are_not_lost(test):
    result = test.boot(config=vm("t", "auto", 2, "rearm", hypercalls="on"))
    for tier in ("emulate", "delivery", "posted", "roam"):
        for what in ("among IPIs", "written again", "with wide writes"):
            result.expect(rf"^PASS {tier}: \d+ deadlines {what}: 0 lost, 0 early$", count=1)
    result.expect_passed()
