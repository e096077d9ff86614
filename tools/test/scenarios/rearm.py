# SPDX-License-Identifier: BSD-2-Clause
"""TSC deadlines of a CPU that does not leave the guest while it waits for them."""

from lib.scenario import scenario

CONFIG = r"""[vm t]
kernel = \rearm.flat
vcpus = 2
memory = 16
apic = auto
hypercalls = on
debug-exit = on
reset = stop
"""


@scenario()
def deadlines_are_not_lost(test):
    result = test.boot(config=CONFIG)
    for tier in ("emulate", "delivery", "posted", "roam"):
        for what in ("among IPIs", "written again", "with wide writes"):
            result.expect(rf"^PASS {tier}: \d+ deadlines {what}: 0 lost, 0 early$", count=1)
    result.expect_not(r"^FAIL ")
    result.expect(r"^END 0 failed$", count=1)
    result.expect_status(0)
