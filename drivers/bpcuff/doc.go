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
// # SunTech Advantage (OEM, Mini, A+, LX)
//
// Source: the OEM manual as quoted in a published client. Line 9600 8N1, polled, 100 ms between commands.
//
//	host      3A command data.. check     the check makes the sum of all bytes 0 mod 256
//	module    3E length data.. check      length is the whole frame's, at most 67
//	start     20 (adult), 87 (child)   first inflation 17 lo hi   abort 79 01 00   version 79 02 40
//	pressure  79 05 00 -> 3E 05 lo hi check; FFFF is none
//	result    79 03 00 -> 3E 18 SYS(2) DIA(2) beats status tests(8) HR spare MAP(2) error spare(2) check, little-endian
//	short     3E 04 letter check: O received · K done · A aborted · B busy · E error · N undefined · D not recognised · S asleep · T time-out
//
// Errors, decimal: 1 weak · 2 artifact · 3 out of range · 4 time · 85 blockage · 86 stopped · 87 loose or leak · 88 safety time · 89 overpressure
// · 90, 91, 97, 99 hardware; any other is taken for hardware. A run is over with K; a result that is good although no pressure was seen is not
// believed. Paediatric and neonatal starts (87, 28) are not sent.
//
// # Omron HBP-9030
//
// Source: Omron manual 2873643-0F page 20, as quoted in a published parser. USB serial; the patient presses start. Format 5:
//
//	YYYY,MM,DD,HH,mm,{20 characters},e,SYS,DIA,PUL,m CR LF      53 characters; e 0 is good, m 1 is movement
//
// A line with another length, a comma elsewhere or no date is none. The twenty characters may be a patient's number: nothing keeps them.
//
// # A&D UA-767PBT
//
// Source: A&D's table as copied in public. Bluetooth serial-port profile, one record of 70 bytes after each measurement:
//
//	02 00 | 0A 00 00 00 | FF 02 | flag | measured(7) | sent(7) | addresses(12) | serial(12) | .. | battery | .. | ten hexadecimal digits
//	digits    status, SYS-DIA, DIA, pulse, MAP; status 80 alone is good
//	answer    PWA1 a quarter of a second later: taken, go
//
// A record that was sent more than five minutes after it was measured is from the cuff's memory and has no numbers.
//
// # Safety
//
// Measure sends the command that inflates exactly once. On cancel, on time-out and on every error it sends the abort under a deadline of
// its own before it returns. Init aborts what may be running.
//
// # What proves it
//
//	device         line          certainty   proven by                                    not proven
//	PAR, UN300C    4800 8N1      high        vendor's replies, four clients' constants    UN300C's own messages
//	PAR combined   19200 8N1     high        the same                                     a capture
//	Advantage      9600 8N1      high        two published commands, the manual's tables  a capture; the status bits
//	HBP-9030       USB           medium      one published line                           a capture; the error codes
//	UA-767PBT      Bluetooth     medium      records built from the table                 a capture; a real confirmation
package bpcuff
