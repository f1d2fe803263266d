// Package clock says how far to trust the time.
//
// A kiosk may boot in 1970. So every event carries a Stamp: the boot it belongs to, the time since that boot (CLOCK_BOOTTIME, which
// neither jumps nor stops in sleep), the wall clock as it stood, where the wall clock came from and how wrong it may be. Order hangs on
// boot and time since boot alone.
//
// A Clock keeps, on disk, the offset of every boot that ever learned the true time: true = offset + time since boot. A reading of boot 7
// that leaves in boot 8 is repaired with boot 7's offset (Resolve). A boot that never learned it yields bounds instead of a time: after
// the last instant that was trusted, before now.
//
//	boot 7   |----sync----reading A----|            A: offset(7) + since boot, uncertainty of the sync
//	boot 8        |--reading B--|                    B: unknown; after the last trusted instant of 7, before the first of 9
//	boot 9            |--sync--------send A, B-----|
package clock
