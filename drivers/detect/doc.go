// Package detect finds out what is plugged into a serial port: it listens, and when nothing comes it asks.
//
//	settings of the line, one after another
//	   listen ── a stream that a driver understands ─────────────────▶ found
//	      │ nothing for as long as the slowest device pauses
//	   ask each question of the devices of that setting ── answer ──▶ found
//	      │ nothing
//	   next setting
//
// # What is believed
//
// The bytes go through the drivers themselves. A protocol fits when its driver finds frames in nearly all that came. A frame with a checksum
// is enough; of those without one it takes three, in a stream without gaps. The five-byte stream is Contec's or Berry's, which no byte tells:
// it is taken for Berry's when it comes at more than 80 packets a second (Contec sends 60, Berry 100), and Match.Also has the other.
//
// # What is sent
//
// Only the Ask of the catalogue: questions that every documented device answers, or passes over, without moving anything. None holds the byte
// A1, which inflates the cuff of an open module (OEM_NIBP) and is in the greeting of every CMS50; none holds a command that starts a pump or
// another service of any device in the manuals. A test holds every question to that.
package detect
