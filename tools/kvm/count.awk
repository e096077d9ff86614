# SPDX-License-Identifier: BSD-2-Clause
# Counts KVM's exits between the marks of the bench's guest, out of the text of
# the kernel's trace: "[kvm] exits ID REASON COUNT". A mark is a write to a port;
# it opens the ID that it writes for the vCPU, 0 closes it. The exit of the
# closing write itself comes before that line, and is taken off. Lines are
#  CPU N/KVM-TASK [CPU] FLAGS TIME: kvm_exit: vcpu N reason REASON ...
#  CPU N/KVM-TASK [CPU] FLAGS TIME: kvm_pio: pio_write at PORT size N count N val V
$1 != "CPU" { next }
$6 == "kvm_exit:" {
	if ($2 in open)
		seen[open[$2] " " $10]++
}
$6 == "kvm_pio:" {
	if ($2 in open)
		seen[open[$2] " IO_INSTRUCTION"]--
	delete open[$2]
	if ($15 != "0x0")
		open[$2] = $15
}
END {
	for (key in seen)
		if (seen[key])
			print "[kvm] exits " key " " seen[key]
}
