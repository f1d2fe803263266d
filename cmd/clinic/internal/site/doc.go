// Package site is the doctor's pages: who may, the kiosks, and one kiosk as it is now.
//
//	GET  /                        the kiosks that this account may look at
//	GET  /kiosk/{name}            one of them
//	GET  /kiosk/{name}/events     its stream: what the watcher gets, with the clinic's clock
//	GET  /fleet                   all that this account supervises: backlog, devices, clock, power; no patient
//	GET  /sign-in, POST /sign-in, POST /sign-out
//
// Everything but the sign-in is behind the door (package door). Nothing of a patient is in an address, a log or the browser's storage.
package site
