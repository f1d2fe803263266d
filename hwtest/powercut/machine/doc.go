// Package machine boots virtual kiosks for the power-cut rig: QEMU's aarch64 board with Debian's kernel, an initial ram disk of our own, and
// the card as an NBD drive. Nothing of Debian's is committed: packages are fetched into a cache folder and stay there.
//
// A machine can be parked just before it looks at its disk and brought back as often as needed; that saves the kernel's boot each time.
// Everything random in it comes back the same as well, so the host sends fresh entropy and a fresh boot id with the first line.
package machine
