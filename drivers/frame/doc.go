// Package frame cuts the byte stream of a serial device into frames. It is what the drivers of all classes share below their decoders:
// the Port they need, the line settings they ask for, a Reader that finds frames with a bufio.SplitFunc and gives up when the caller's
// context ends, and the tally of what was read.
//
// It knows no device and no medicine.
package frame
