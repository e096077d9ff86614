/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The namespace that guests see: power-off, and the legacy devices that are
 * not found by probing.  There is no PCI bus, no keyboard controller, no VGA.
 * Ports as in guest/dev/ports.h; the FADT and the MADT tell the rest.
 */
DefinitionBlock ("", "DSDT", 2, "APICAL", "APICAL  ", 1)
{
	/* SLP_TYPa, SLP_TYPb of PM1_CNT for power-off */
	Name (\_S5, Package () { 5, 5, 0, 0 })

	Scope (\_SB)
	{
		Device (PIC0)
		{
			Name (_HID, EisaId ("PNP0000"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x20, 0x20, 0, 2)
				IO (Decode16, 0xA0, 0xA0, 0, 2)
				IRQNoFlags () { 2 }
			})
		}

		Device (PIT0)
		{
			Name (_HID, EisaId ("PNP0100"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x40, 0x40, 0, 4)
				IRQNoFlags () { 0 }
			})
		}

		Device (RTC0)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x70, 0x70, 0, 2)
				IRQNoFlags () { 8 }
			})
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x3F8, 0x3F8, 0, 8)
				IRQNoFlags () { 4 }
			})
		}
	}
}
