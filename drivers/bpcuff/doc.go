// Package bpcuff commands blood-pressure cuffs.
//
// # PAR NIBP2010, NIBP2020 UP, UN300C
//
// Source: PAR Medizintechnik, "NIBP module technical description" rev 2.12. Line 4800 8N1; the combined BP and SpO2 board 19200 8N1 with
// other delimiters.
//
//	command   STX c c ; ; k k ETX          k = sum of the four characters before it, mod 256, two capital hex digits
//	combined  FD  c c ; ; k k FE 0D
//	abort     X                            works at any time
//
//	cuff      STX ddd C c S s ETX 0D       ddd mmHg, no checksum
//	end       STX 999 ETX 0D               the measurement is over
//	status    STX S{s};A{a};C{cc};M{mm};P{sys}{dia}{map};R{hr};T{tttt};;{kk} ETX 0D
//	          three digits each, '-' or blanks when absent; kk = sum of everything between STX and kk mod 256, two hex digits
//	          offsets with STX not counted: S 0 · s 1 · a 4 · cc 7 · mm 11 · sys 15 · dia 18 · map 21 · hr 26 · tttt 31 · kk 37
//
// To resynchronise, skip to a start delimiter and cut at the first end delimiter; a frame is one of the three forms or nothing.
//
// # Messages
//
//	00, 03 result valid · 02 invalid command or reset · 06 cuff loose · 07, 14 leak · 08 pneumatic · 09 weak pulse or time-out · 10 out of
//	range · 11 motion · 12 overpressure · 13 saturated · 15 hardware
//
// An error status can still carry numbers of the run before, or a rate alone: with any message but 00 and 03 no number is given. A result
// counts only when it was asked for after this run's end marker.
//
// The manual's example 13.5 prints the checksum D2 where its own rule gives 40; all commands obey the rule. UN300C's error codes were never
// published; PAR's table is assumed.
//
// # Safety
//
// Measure sends the command that inflates exactly once. On cancel, on time-out and on every error it sends the abort under a deadline of
// its own before it returns. Init aborts what may be running.
package bpcuff
