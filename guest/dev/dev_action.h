/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device asks of the VM as a whole: the value that a port write
 * returns.  Pure.
 */
#ifndef GUEST_DEV_DEV_ACTION_H
#define GUEST_DEV_DEV_ACTION_H

enum dev_action {
	DEV_ACTION_NONE,
	DEV_ACTION_POWEROFF, /* the VM ends well */
	DEV_ACTION_RESET,    /* the VM starts over */
	DEV_ACTION_EXIT,     /* the VM ends with a code of its own */
};

#endif
