// Package port is the wires: serial lines by USB identity or by path, with real deadlines, and the ways to watch, record and replay what
// goes over them.
//
// A Serial is opened raw and exclusively. What go.bug.st/serial does otherwise does not leak out of it: a read that times out gives
// os.ErrDeadlineExceeded instead of (0, nil); a write has a deadline too; nothing is written to a descriptor that was closed; what was in
// the input before Open is thrown away. A device that was pulled gives ErrGone: close the Serial at once and open the same Name again, then
// a USB bridge has its old device file back.
//
// Ports are found in sysfs and never by opening them: opening reconfigures a line that somebody else may be using.
package port
