// Package monitor reads boards that are several devices on one wire.
//
// # Berry PM6750
//
// Source: Berry, protocol V3.2, and a published client with measured timing. Line 115200 8N1; the board is silent until something is switched on.
//
//	both ways     55 AA | N | type | data.. | check     N = bytes from itself to check; check = NOT(N + type + data)
//	commands      N = 04, one byte of data, 50 ms apart: 02 cuff 1 start 0 stop · 03 SpO2 · 04 temperature · 09 patient 1 adult ·
//	              0A first inflation, mmHg / 2 · FC version
//	03 cuff       status cuff/2 SYS MAP DIA; status bits 1-0 patient, 5-2 state: 0 finished · 1 testing · 2 stopped · 3 overpressure · 4 loose ·
//	              5 time · 6 error · 7 disturbed · 8 no result · 9 initialising · 10 initialised
//	04 SpO2       status SpO2 pulse; 0 good · 1 sensor off · 2 no finger · 3 searching · 4 too long; 127 and 255 are none
//	05 temp.      status (bit 0 T1 off, bit 1 T2 off) T1 degrees, tenths [T2 degrees, tenths]
//
// To resynchronise, skip to 55 AA with a length from 3 to 64; a frame whose check is wrong is passed over by one byte. The result of a run
// is told when state 0 follows state 1; the board goes on repeating it, and that is nothing new. Numbers beside any other state are those
// of a run before. Waves (FE, FF, FB) and the ECG are not switched on.
//
// # UN300C ("ABATON")
//
// Source: two published clients. Line 19200 8N1. The cuff is PAR's in its combined form (package bpcuff); the oximeter's packets stand between
// its frames, about one a second after the code 31:
//
//	55 AA 07 | index | status | SpO2 | pulse | PI | sum of all from 07 on
//
// Bit 1 of status is "no finger"; the others are taken in the order of the client's list: sensor off, no finger, no pulse, searching, weak. PI is
// not given: its scale is not known.
//
// # Safety
//
// As in package bpcuff: the command that inflates is sent once for each Start, never at start-up and never again; what may be running is
// stopped by Init, on an error of the wire, after ninety seconds, and by whoever leaves.
//
// # What proves it
//
//	device    line          certainty   proven by                                              not proven
//	PM6750    115200 8N1    high        one published command; frames built from the rule      a capture; the answer to FC
//	UN300C    19200 8N1     medium      PAR's replies; one packet without a finger as told     a capture; status bits but one
package monitor
