# SPDX-License-Identifier: BSD-2-Clause
# Counts KVM's exits between the marks of guest/test/bench.c, out of the text of
# the kernel's trace: "[kvm] exits ID REASON COUNT". A mark is a write to a port;
# it opens the ID that it writes for the vCPU's thread, 0 closes it. The exit of
# the closing write itself comes before that line, and is taken off.
/ kvm_(exit|pio): / {
	match($0, /-[0-9]+ +\[/)
	task = substr($0, RSTART + 1, RLENGTH - 2) + 0
}
/ kvm_exit: / && open[task] {
	match($0, / reason [^ ]+/)
	seen[open[task] " " substr($0, RSTART + 8, RLENGTH - 8)]++
}
/ kvm_pio: / {
	match($0, / val 0x[0-9a-f]+/)
	id = substr($0, RSTART + 5, RLENGTH - 5)
	if (id == "0x0" && open[task])
		seen[open[task] " IO_INSTRUCTION"]--
	open[task] = id == "0x0" ? "" : id
}
END {
	for (key in seen)
		if (seen[key])
			print "[kvm] exits " key " " seen[key]
}
