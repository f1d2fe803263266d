// Package thermometer reads clinical thermometers.
//
// # Welch Allyn SureTemp Plus module
//
// Source: Welch Allyn, "SureTemp Plus Module OEM Implementation Manual" 71332-0000B, pages 58-65. Line 9600 8N1; the module answers and never
// speaks first.
//
//	03 02 10 | code (2, big-endian) | type | size (2, little-endian) | data | sum
//
// type 01 command, 02 good answer, anything else a refusal. The last byte makes the sum of all bytes 0 mod 256. Data is little-endian.
//
//	9434 n    records on: 0 off, 1 33 bytes, 2 19 bytes, every 173 ms until the cycle is over
//	941C      one temperature record
//
//	19-byte record: final K f32, probe K f32, counter u32, method i8, algorithm i8, state i8, error i16, active bool, probe i8
//	33-byte record: final K f32, probe K f32, heater u16, counter u16, method i8, algorithm i8, state i8, error i16, active bool, probe i8,
//	                probe ohm f32, ambient K f32, board ohm f32, battery u16 (0.01 V)
//
// # States
//
// 0 idle, 1 not ready, 2 ready, 3 predict, 4 predict display, 5 predict position, 6 final, 7 final position, 8 final over, 9 final over
// position, 10 final under, 11 final under position, 12 monitor, 13 end normal, 20 error. "Position" is read as: the probe moved during the
// prediction, so 7, 9 and 11 need a repeat.
//
// A value is given in state 6 (predicted) and in state 12 (direct: the exam waits for equilibrium) and nowhere else. It is rounded
// to 0.1 °C, which the module displays.
//
// The manual's 33-byte example prints one byte too many; without it length and sum are right. The layout of refusals, the bits of the
// status command and the error codes are on pages that were not at hand: any type but 02 and any error but 0 is a failure.
package thermometer
