// Package thermometer reads thermometers: a serial module that measures by itself, and chips on I2C.
//
//	make               wire    what its number is
//	SureTemp Plus      serial  predicted, or direct
//	TMP117, MAX30205   I2C     direct: a contact probe, for the exam to wait for equilibrium
//	MLX90614, MLX90632 I2C     surface: skin by infrared, never a body temperature
//	DS18B20            1-Wire  the inside of the box, never a patient
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
//
// # Contact chips: who waits for equilibrium
//
// A contact chip cannot know whether it is as warm as its site. Its samples have the mode direct, the configured site and no flag; dwell,
// rise, rest and a probe that was pulled are the exam's (firmware/exam, temperature.go). A flag on a good number would make the exam begin
// its dwell again, so a flag here means trouble: not-ready (no conversion yet, or the chip was reset), sensor-off, out-of-range (not
// within 10..45 °C). Trouble on the wire is tried three times before it is anything.
//
// These chips send no checksum. Every register that holds still is read until two readings in a row agree.
//
// # Texas Instruments TMP117
//
// Source: TI SNOSD82D. Addresses 48..4B. Registers of 16 bits, high byte first.
//
//	> 48 rr              < 48 hi lo
//	> 48 rr hi lo
//
//	00 temperature, signed, 7.8125 m°C a step; 8000 before the first conversion
//	01 configuration: 13 ready (reading clears it) · 11:10 mode · 9:7 cycle · 6:5 average; 0220 = one a second, eight averaged
//	07 offset · 0F identity 0117 · 05 06 08 the maker's serial number (unless somebody wrote there)
//
// The driver sets 0220, which is the value of power-up, and gives what a ready bit announces. It writes nothing else and no EEPROM. Its
// start refuses a chip whose offset is not the configured one.
//
// # Maxim MAX30205
//
// Source: Maxim 19-8505 rev 0. Address 48 as it comes, 32 in 40..5F. Registers of 16 bits, high byte first; 01 has 8.
//
//	00 temperature, signed, 1/256 °C a step; 0000 before the first conversion
//	01 configuration: 7 one-shot · 5 extended format · 0 shut down
//	02 hysteresis 4B00 · 03 limit 5000
//
// It has no identity. Both limits at their values of power-up are taken for one (nobody here changes them); an LM75 or a TMP102 has the
// same. Each reading is one conversion: 81, 60 ms, read. Note 5 of the data sheet wants more than 10 s between readings or the chip warms
// itself, so a probe that was at 30 °C or more for a minute is read every ten seconds. 0000 is no value and FFFF is no chip.
//
// # Melexis MLX90614
//
// Source: Melexis 3901090614. SMBus, 10..100 kHz, address 5A as it comes. Words with the low byte first and a checksum: CRC-8, polynomial
// 07, over both addresses, command and word.
//
//	> 5A cc              < 5A lo hi pec
//
//	06 ambient · 07 object: 0.02 K a step, bit 15 = error
//	24 emissivity · 2E its address · 3C..3F serial number (EEPROM)
//
// Nothing is ever written: the EEPROM holds the calibration. A chip whose emissivity cell is not the factory's FFFF is refused. Corrections
// are made here: 0.6 °C for each volt of supply above 3.0 (section 10.1.3), taken off the object alone, and the emissivity of the skin,
// by To = ((Tm⁴-(1-e)·Ta⁴)/e)^¼ in kelvin. The bus is quiet for a second between readings, because traffic disturbs the sensor (8.4.9).
//
// # Melexis MLX90632
//
// Source: Melexis data sheet and mlx90632-library. Addresses 3A, 3B. Registers of 16 bits with addresses of 16 bits, high bytes first; no
// checksum.
//
//	> 3A rr rr           < 3A hi lo
//	> 3A rr rr hi lo
//
//	240B version: 0105 is the medical part; others are refused · 240C..242F, 2481, 2482 calibration, 32 bits have the low half first
//	3001 control: 2:1 power mode, 3 = without end · 8:4 kind of measurement, 0
//	3FFF status: 0 new · 6:2 place of the newest in the table, 1 or 2
//	4000+3n object, object, ambient of place n, signed
//
// # Infrared: when there is a number
//
// A surface sample has a number only when all of this holds, else a flag: no error bit (hardware); the sensor itself within 16..40 °C and
// the skin within 10..45 °C (out-of-range); the sensor's own temperature known for a minute and moved by less than 0.1 °C in it, and the
// last five readings within 0.2 °C (not-settled). A pause of more than five seconds or a spoilt reading begins this anew.
//
// # Maxim DS18B20
//
// Source: Maxim DS18B20; Linux w1_therm. Good to 0.5 °C, so for the box only: the driver gives no Sample. It reads the file temperature
// (thousandths), or in kernels before 5.8 w1_slave, whose nine bytes it checks itself, because after a failed checksum that file shows an
// old number. 85 °C (power-up) and 127.9375 °C (weak supply) are no measurement; nine zeros pass the checksum and are none either.
//
// # What proves it
//
// The data sheets' own vectors for all chips, among them the checksum of figure 8 and Melexis's published arithmetic within 0.01 °C; every
// raw value of 16 bits; chips simulated from the register tables, with each transaction failed, each bit flipped, and both lines stuck; the
// exam fed by the contact drivers. Certainty is high for registers and numbers.
//
// Not proven: any of it on a chip of ours. Whether an MLX90614's ambient needs the supply's
// correction too, whether the words 05 06 08 of a TMP117 are a serial number, how much a MAX30205 warms itself at one reading a second,
// and the clinical worth of a surface temperature. A chip that repeats one old number for ever is not noticed.
package thermometer
