// Package board reads the kiosk's own box: what feeds it, and how full its battery is.
//
// Boards whose gauge and charger the kernel knows show up in its class of power supplies (Linux, Documentation/ABI/testing/sysfs-class-power):
//
//	/sys/class/power_supply/{name}/
//	  type      Mains, USB, Battery, ...
//	  online    of Mains and USB: 0 not there, 1 there, 2 there and programmable
//	  status    of Battery: Charging, Discharging, Full, Not charging, Unknown
//	  capacity  of Battery, per cent
//	  scope     Device: of a mouse or a pen and not of this box
package board
