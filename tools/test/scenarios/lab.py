# SPDX-License-Identifier: BSD-2-Clause
"""The APIC lab (guest/test/lab.c) on each Bochs model that can run Apical,
against the SDM's tables."""

from lib import lab
from lib.paths import TOOLS
from lib.scenario import Failed, scenario


@scenario(cases={model.removeprefix("corei5_").removeprefix("corei7_")
                 .removeprefix("corei3_"): dict(model=model) for model in lab.MODELS})
def accesses(test, model):
    result = test.boot(config=(TOOLS / "lab.cfg").read_text(), model=model, cpus=2,
                       timeout=600)
    result.expect(r"END 0 failed$", count=2)
    found = lab.compare(lab.parse(result.serial), lab.MODELS[model])
    if found.wrong:
        raise Failed(f"{len(found.wrong)} of {found.tried} accesses are not as the SDM"
                     " says:\n    " + "\n    ".join(found.wrong[:20]))
    result.expect_status(0)
