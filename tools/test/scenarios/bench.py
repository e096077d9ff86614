# SPDX-License-Identifier: BSD-2-Clause
"""The exits that the bench counts at `posted` are those that Apical promises:
none for what the processor virtualizes, one of the sender's for an IPI."""

from lib import bench
from lib.paths import Problem
from lib.scenario import Failed, scenario


@scenario(cases={"alone": dict(cpus=1), "between-two": dict(cpus=2)})
def promised_exits(test, cpus):
    result = test.boot(config=bench.CONFIG.format(vcpus=cpus, mitigations="off"), cpus=cpus,
                       options=bench.BOOTS[cpus], timeout=600)
    result.expect_status(0)
    try:
        rows = bench.parse(result.serial, cpus)
    except Problem as problem:
        raise Failed(str(problem)) from None
    measured = {key[0] for key in rows if key[1] == "posted"}
    wanted = {"ipi-running", "ipi-halted"} if cpus == 2 else set(bench.NO_EXIT["x2apic"])
    if not wanted <= measured:
        raise Failed(f"not measured at posted: {', '.join(wanted - measured)}")
    untrue = list(bench.untrue(rows))
    if untrue:
        raise Failed("\n".join(untrue))
