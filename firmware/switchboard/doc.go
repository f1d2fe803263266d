// Package switchboard finds the serial port of every device of this kiosk, again and again: at the start, after a replug, after a swap.
//
//	device lost, or not seen yet            Find ──▶ call
//	every quarter of a second               ports that are there, and free
//	   a port that some call may look at    listen for all of these calls at once (package detect)
//	      it answers as one of them         Find returns the open port
//	      it does not                       it rests for a while, longer each time
//
// One look at a port serves all devices that are missing, so that none holds a port while it tries whether the device there is its own, and
// two bridges that are alike, or that came back under each other's name, end where they belong.
//
// # Where a device is looked for
//
// At the port that kiosk.toml names for it: a path, or every bridge of that USB identity. When none is there, or none answered as this device,
// at every other USB port as well: somebody may have plugged in a spare with another bridge. A device that answers as another of the same
// class (a Nonin where a Contec was) is taken too; Line.Protocol says what it is.
//
// A cuff whose patient presses start says nothing until then. Its port is taken as it stands where no other device is looked for, and after
// all others have been asked where several are.
package switchboard
