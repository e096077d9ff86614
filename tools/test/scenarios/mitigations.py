# SPDX-License-Identifier: BSD-2-Clause
"""mitigations = ...: guests run alike whatever is done around their exits, and the
log says what that is. What is decided for which processor: test_mitigations.c."""

from lib.paths import BUILD
from lib.scenario import Failed, scenario, vm

MODEL = "corei7_icelake_u"      # says so: IBRS_ALL, RDCL_NO; no MD_CLEAR


@scenario(cases={
    "auto": dict(wanted="auto", said=r"mitigations: bhb, eibrs, ibpb; against BTI,"
                 r" BHI; not against MDS, which needs newer microcode"),
    "off": dict(wanted="off",
                said=r"mitigations = off; these processors have MDS, BTI, BHI"),
    "all": dict(wanted="verw,l1d,bhb,ibrs,eibrs,bhi-dis,ibpb,ibpb-exit",
                said=r"mitigations: verw, l1d, bhb, ibrs, eibrs, ibpb, ibpb-exit;"
                r" these processors cannot do bhi-dis"),
    "ibrs": dict(wanted="ibrs", said=r"mitigations: ibrs"),
    "ibpb-exit": dict(wanted="ibpb-exit", said=r"mitigations: ibpb-exit"),
})
def guests_run(test, wanted, said):
    """One that exits a lot, and one that ends while the other runs on."""
    result = test.boot(
        config=f"[hypervisor]\nmitigations = {wanted}\n"
        + vm("t", "auto", 2, "ipi") + vm("r", "auto", 1, "reset", hypercalls="on"),
        files={"ipi.flat": BUILD / "guest/ipi.flat",
               "reset.flat": BUILD / "guest/reset.flat"}, cpus=3, model=MODEL)
    result.expect(rf"^\[apical\] {said}$", count=1)
    result.expect(r"^\[t\] END 0 failed$", count=1)
    result.expect_status(0)


@scenario(cases={"ibrs": dict(wanted="ibrs", spec_ctrl=1),
                 "eibrs": dict(wanted="eibrs", spec_ctrl=1),
                 "off": dict(wanted="off", spec_ctrl=0)})
def in_root_mode(test, wanted, spec_ctrl):
    """IA32_SPEC_CTRL between an exit and the next entry; the guest has none."""
    with test.talk(config=f"[hypervisor]\nmitigations = {wanted}\n"
                   + vm("t", "auto", 1, "idle"), cpus=1, model=MODEL,
                   files={"idle.flat": BUILD / "guest/idle.flat"}) as line:
        line.wait(r"idle: up, 1 of 1 CPUs")
        line.monitor()
        told = [line.ask(command) for command in
                ("msr 0x48 host", "msr 0x48 t.0", "caps")]
        line.type("poweroff\r")
        line.end().expect_status(0)
    for answer, wanted_line in zip(told, (
            f"MSR 48 = {spec_ctrl:016x}", "RDMSR of MSR 48 is #GP",
            f"\nmitigations: {wanted}" if spec_ctrl else "\nmitigations = off; ")):
        if wanted_line not in answer:
            raise Failed(f"nothing like '{wanted_line}' in:\n{answer}")
