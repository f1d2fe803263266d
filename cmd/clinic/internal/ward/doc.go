// Package ward is what doctors look at: who watches which kiosk, and what of its live session gets to them.
//
//	hub.go      who watches, and the fan-out: it drops for a watcher that is slow and never waits for one
//	watcher.go  one of them: the newest numbers, the newest frames, the kiosk's state
//	line.go     the hub's connection to the broker: it listens to the kiosks that are watched, and keeps telling them so
//
// Nothing here is durable: what must not be lost is the intake's.
package ward
