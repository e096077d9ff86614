# SPDX-License-Identifier: BSD-2-Clause
"""How a VM starts over, and what no run may ever show: a deadline that fires
early, a trap that resumes elsewhere."""

from lib.scenario import scenario

CONFIG = """\
[vm t]
kernel = \\{guest}.flat
vcpus = {vcpus}
memory = 16
debug-exit = on
hypercalls = on
reset = {reset}
"""


@scenario()
def restarts(test):
    """A guest that resets its machine each time it runs starts over each time,
    with memory and devices as at power-on."""
    config = CONFIG.format(guest="reset", vcpus=2, reset="restart")
    with test.talk(config=config, cpus=2) as line:
        for _ in range(3):
            line.wait(r"^\[apical\] vm t restarts$")
            line.wait(r"^PASS memory is zero")
        result = line.quit()
    result.expect_not(r"^FAIL ")
    result.expect_status(0)


@scenario()
def reset_ends(test):
    result = test.boot(config=CONFIG.format(guest="reset", vcpus=1, reset="stop"),
                       cpus=1)
    result.expect(r"^\[apical\] vm t ended: reset$", count=1)
    result.expect_status(0)


@scenario(cases={"realmode": dict(guest="realmode", vcpus=1),
                 "short-period": dict(guest="short_period", vcpus=1),
                 "deadline": dict(guest="deadline", vcpus=2),
                 "trap-storm": dict(guest="trap_storm", vcpus=2)})
def holds(test, guest, vcpus):
    result = test.boot(config=CONFIG.format(guest=guest, vcpus=vcpus, reset="stop"),
                       cpus=vcpus)
    result.expect(r"^PASS ")
    result.expect_passed()


IMAGE = r"""[vm t]
kernel = \loader_info.flat
module = \one.txt
module = \two.bin
cmdline = memory=24 cpus=2
vcpus = 2
memory = 24
shutdown-port = on
debug-exit = on
reset = stop
"""


@scenario()
def an_image_is_told(test):
    """Modules, memory and CPUs, by the multiboot information and by fw_cfg; and
    "Shutdown" at port 8900H is the end."""
    files = {"one.txt": b"the first module",
             "two.bin": bytes(i % 251 for i in range(5000))}
    result = test.boot(config=IMAGE, files=files)
    result.expect(r"^PASS module: .*one\.txt", count=1)
    result.expect(r"^PASS its last byte", count=1)
    result.expect(r"^PASS fw_cfg item", count=3)
    result.expect_not(r"^FAIL |^END ")
    result.expect(r"^\[apical\] vm t ended: power-off$", count=1)
    result.expect_status(0)
