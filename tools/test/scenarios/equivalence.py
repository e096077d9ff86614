# SPDX-License-Identifier: BSD-2-Clause
"""Random sequences of APIC operations show the same on every tier, and what the
model on the host shows: guest/test/equivalence.c, tools/test/unit/test_equivalence.c."""

import subprocess

from lib.paths import BUILD, ROOT
from lib.scenario import Failed, scenario, vm

TIERS = ("emulate", "tpr-shadow", "access-page", "register", "delivery", "posted", "roam")


def host_hashes(first, seeds):
    """{mode: hash} of the virtual local APIC itself, run on the host."""
    program = BUILD / "host/test_equivalence"
    made = subprocess.run(["make", "-s", str(program.relative_to(ROOT))], cwd=ROOT,
                          capture_output=True, text=True)
    if made.returncode:
        raise Failed(f"{program} does not build: {made.stderr}")
    said = subprocess.run([str(program), str(first), str(seeds)], capture_output=True,
                          text=True, check=True).stdout
    return dict(line.split() for line in said.splitlines())


@scenario(cases={"posted": dict(seeds=1000)},
          soak={"haswell": dict(seeds=1000, model="corei7_haswell_4770", tiers=TIERS[:5]),
                "ivy-bridge": dict(seeds=1000, model="corei7_ivy_bridge_3770k",
                                   tiers=TIERS[:3]),
                "long": dict(seeds=20000, first=1000, timeout=4 * 3600)})
def tiers_show_the_same(test, seeds, first=0, model=None, tiers=TIERS, timeout=900):
    wanted = host_hashes(first, seeds)
    config = vm("t", "auto", 2, "equivalence", f"seeds={seeds} from={first}",
                x2apic="on", hypercalls="on")
    result = test.boot(config=config, model=model, timeout=timeout)
    for tier in {*tiers, "roam"}:
        for mode, value in wanted.items():
            result.expect(rf"^PASS equivalence: {tier} {mode}, seeds {first} to"
                          rf" {first + seeds - 1}: hash {value}, 0 differ$", count=1)
    result.expect_passed()
