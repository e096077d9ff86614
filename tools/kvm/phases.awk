# SPDX-License-Identifier: BSD-2-Clause
# Counts KVM's exits by the phases of guest/linux/workload.c, out of the text of
# the kernel's trace (count.awk shows its lines): "[kvm] phase N VCPU REASON
# COUNT". 2N written to a port begins phase N, 2N + 1 ends it; 0 begins with the
# VM, but what comes before the kernel is at its own addresses is "firmware".
BEGIN { phase = "firmware" }
$1 != "CPU" { next }
$6 == "kvm_exit:" {
	if (phase == "firmware" && $12 ~ /^0xffffffff/)
		phase = "0"
	if (phase != "")
		seen[phase " " $8 " " $10]++
}
$6 == "kvm_pio:" {
	value = substr($15, 3)
	odd = value ~ /[13579bdf]$/
	split($2, task, "/")
	if (odd && phase != "")
		seen[phase " " task[1] " IO_INSTRUCTION"]--
	phase = odd ? "" : int(digits(value) / 2) ""
}
END {
	for (key in seen)
		if (seen[key])
			print "[kvm] phase " key " " seen[key]
}
function digits(hex,	value, i) {
	for (i = 1; i <= length(hex); i++)
		value = value * 16 + index("123456789abcdef", substr(hex, i, 1))
	return value
}
