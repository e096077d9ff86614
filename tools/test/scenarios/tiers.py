# SPDX-License-Identifier: BSD-2-Clause
"""Which tier a VM gets: refusals and fall-backs name the missing capability."""

from lib.scenario import scenario

CONFIG = """\
[vm t]
kernel = \\hello.flat
memory = 16
debug-exit = on
reset = stop
"""


@scenario(cases={
    "posted": dict(model="corei7_haswell_4770", keys="apic = posted\n",
                   says=r'no "process posted interrupts" \(.*MSR 48DH, bit 39'),
    "register": dict(model="corei3_cnl", keys="apic = register\n",
                     says=r'no "APIC-register virtualization" \(.*bit 40'),
    # SDM: posted interrupts need virtual-interrupt delivery.
    "rule": dict(model="corei7_icelake_u", keys="apic = posted\napic.delivery = off\n",
                 says=r'"process posted interrupts".*"virtual-interrupt delivery"'),
})
def refused(test, model, keys, says):
    result = test.boot(config=CONFIG + keys, model=model, cpus=1)
    result.expect(rf"^\[apical\] vm t: apic = \w+ is refused: .*{says}", count=1)
    result.expect_not(r"^Hello")
    result.expect_status(1)


@scenario(cases={
    "haswell": dict(model="corei7_haswell_4770", x2apic="off", tier="delivery",
                    says="process posted interrupts"),
    "sandy-bridge": dict(model="corei7_sandy_bridge_2600k", x2apic="on",
                         tier="tpr-shadow", says="virtualize x2APIC mode"),
    "icelake": dict(model="corei7_icelake_u", x2apic="on", tier="posted", says=None),
})
def auto(test, model, x2apic, tier, says):
    result = test.boot(config=CONFIG + f"apic = auto\nx2apic = {x2apic}\n",
                       model=model, cpus=1)
    if says:
        result.expect(rf'apic = auto falls back to {tier}: .*"{says}"', count=1)
    result.expect(rf"^\[apical\] vm t: 1 vCPU, 16 MiB, apic = {tier}")
    result.expect_status(0)


@scenario()
def one_control_alone(test):
    """The seeds' case: virtual-interrupt delivery without register virtualization."""
    result = test.boot(config=CONFIG.replace("hello", "apic_basic") +
                       "apic = access-page\napic.delivery = on\n", cpus=1)
    result.expect_passed()
