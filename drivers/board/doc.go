// Package board reads and moves the kiosk's own box: what feeds it and how full its battery is, its lines, its health, its card, its watchdog, its TPM.
//
//	supply.go   what feeds the box: the kernel's class, put together with lines and gauge
//	line.go     an input that is believed after a while, and known to be dead; button.go what its pulses ask
//	gauge.go    battery gauges: max1704x.go, ina219.go, pijuice.go
//	health.go   heat and under-voltage; card.go the card's, written.go what it was given to write
//	watchdog.go the one that resets the machine
//
// Boards whose gauge and charger the kernel knows show up in its class of power supplies (Linux, Documentation/ABI/testing/sysfs-class-power):
//
//	/sys/class/power_supply/{name}/
//	  type      Mains, USB, Battery, ...
//	  online    of Mains and USB: 0 not there, 1 there, 2 there and programmable
//	  status    of Battery: Charging, Discharging, Full, Not charging, Unknown
//	  capacity  of Battery, per cent
//	  scope     Device: of a mouse or a pen and not of this box
//
// and what an eMMC and the ext4 on a card tell of their health (Documentation/driver-api/mmc/mmc-dev-attrs.rst, Documentation/ABI/testing/sysfs-fs-ext4):
//
//	/sys/dev/block/{major}:{minor}/../device/
//	  life_time     two estimates of used life in tenths: 0x01 to 0x0a, 0x0b beyond its end
//	  pre_eol_info  0x01 normal, 0x02 most of the spare blocks are used, 0x03 nearly all
//	/sys/fs/ext4/{partition}/errors_count
package board
