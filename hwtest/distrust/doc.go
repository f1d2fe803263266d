// Package distrust holds the drivers and the exam together to one promise: bytes that were spoiled on the line yield no reading that the
// sound bytes would not have yielded.
//
// A test records what a simulated device sends for one measurement, with the time of every piece, and plays it through the real driver into
// a visit. Then it plays it again with each byte flipped, and with each byte lost. It also plays random bytes, which yield nothing at all.
//
// What cannot be promised is named in the cases: a device whose only line has no checksum is as good as its wire.
package distrust
