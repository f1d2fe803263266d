// Package oximeter reads pulse oximeters: the Contec CMS50 family, the devices that speak the five-byte BCI stream, Nonin's, and the
// EnviteC ChipOx.
//
// # Contec CMS50, V7 packets
//
// Source: Contec, "Communication protocol of pulse oximeter V7.0" (2010-07-08). Line 115200 8N1.
//
//	byte 0   type, bit 7 clear
//	byte 1   high byte: bit 7 set, bit i is bit 7 of payload byte i
//	byte 2.. payload, bit 7 set in each
//
//	live packet, type 01, nine bytes; payload:
//	P0  0-3 signal 0..8 · 4 searched too long · 5 SpO2 low · 6 beep · 7 probe error (finger out)
//	P1  0-6 waveform · 7 searching
//	P2  0-3 bar · 4 perfusion index invalid
//	P3  pulse 0..254, FF none
//	P4  SpO2 0..100, 7F none
//	P5  perfusion index x 100, low byte; P6 high byte; FFFF none
//
// There is no checksum. To resynchronise, skip to a byte with bit 7 clear that is a known type and is followed by that type's number of
// bytes with bit 7 set. A live packet is given once the byte behind it has shown that it ends there.
//
// The stream stops by itself after about 30 s without keep-alive. The driver sends AF every 3 s and starts again with A1 after 2 s of
// silence. Stored data (types 0F and 09) is never a sample: it is not now.
//
// # Five-byte stream: old Contec (V5.0A), Berry and other BCI devices
//
// Source: Contec protocol V5.0A; "BCI Protocol V1.2". Lines 19200 8O1 (seen) and 4800 8O1 (document) for Contec, 115200 8N1 for Berry.
//
//	b0  7 = 1 · 0-3 signal 0..8, 15 none · 4 searched too long (Berry: no signal) · 5 Contec: SpO2 dropping, Berry: probe unplugged · 6 beep
//	b1  7 = 0 · 0-6 waveform
//	b2  7 = 0 · 0-3 bar · 4 no finger · 5 searching · 6 bit 7 of pulse
//	b3  7 = 0 · pulse, bits 6..0; FF none
//	b4  7 = 0 · SpO2; 7F none
//
// To resynchronise, skip to a byte with bit 7 set that is followed by four with it clear and then one with it set. Noise does that too, so
// the form is believed after six packets in a row; a capture that ends sooner needs two, or one with nothing before it. From then on no V7
// command is sent, but for A1 on silence: any byte wakes some of these devices.
//
// Bit 5 of b0 has opposite meanings, so the dialect must be told: read as Berry, a desaturating patient on a Contec would be "no probe".
// Bit 4 of b0 becomes vitals.SearchTimeout in both: the device has no pulse to show, and why is in the flags beside it. A Berry's waveform
// goes from 1 to 100; 0 and what is above are none.
//
// With odd parity a damaged byte reaches the program as 00, which can clear the flags in b2 or make a number of another one. No packet
// has a checksum either, so a Sample here is what one packet said and no more: a lone outlier is for the exam's stable window to pass
// over.
//
// # Nonin, formats 1, 2, 7, 8 and 13
//
// Source: Nonin, 9560 specification 6470-000-01; OEM III as in published firmware. Line 9600 8N1; the device talks unasked and the driver
// never writes.
//
//	format 2    01 | STATUS | pleth | FLOAT | sum of the four          75 a second, 25 make a packet
//	format 7    STATUS | pleth msb | pleth lsb | FLOAT | sum of the four
//	STATUS      7 = 1 · 6 sensor unplugged (OEM III) · 5 artifact · 4 out of track · 3 finger out (SNSA) · 0 SYNC, in the first of 25 only ·
//	            2-1 perfusion, while a pulse passes: 01 green 11 yellow 10 red; yellow and red are vitals.LowPerfusion
//	FLOAT       by frame: 1-2 HR · 3 SpO2 · 4 revision · 8 status 2 (0 battery low) · 9 SpO2-D · 17 E-SpO2-D · 20-21 HR-D · 22-23 E-HR-D
//	            a rate is (msb & 3) << 7 | lsb & 7F; 511 and 127 are none
//	format 1    b1 | b2: HR 6-0 | b3: SpO2; b2 and b3 with bit 7 clear; one a second
//	            b1: 7 = 1 · 6 sensor unplugged · 5 out of track · 4, 3 perfusion low, marginal · 2 artifact · 1-0 HR 8-7
//	format 8    the same with b1 bit 6 clear, and b4: 5 SmartPoint · 3 finger out (SNSA) · 0 battery low
//	format 13   00 02 00 0D | length(2) | BCD date and time(7) 00 | status(2) | rate(2) | - | SpO2 | sum of the data | 03
//	            status: bit 9 SmartPoint · bit 8 no measurement · bit 4 from memory · bit 0 battery low
//
// Which format it is, the bytes tell: a good spot check; four frames of format 2 in a row, or six of format 7; three groups of format 8
// or 1, which are three seconds, that nearly agree and with another one behind them. To resynchronise, skip a byte and look again; 250
// bytes without a frame, or twelve between groups, and the format is open again.
//
// A packet is 25 frames without a byte between them, from one SYNC to the next; with anything else it is dropped. It is one sample; its
// 25 points of waveform are in Wave, since a Sample has room for one. The values for a display (-D) stand still for ten seconds after the
// finger has left. They are given only while no frame of the packet has a flag and the plain value is there, which goes at once; those of
// eight beats (E-) come before those of four. The slots that an OEM III leaves open may hold anything: there a battery flag (frame 8)
// means nothing.
//
// Formats 1 and 8 have no checksum. What protects them is agreement: a number is given when the group before it, without a flag and with no
// byte lost between, says the same within 3 % and 10 a minute. So a damaged byte can move a number by so much, once, and no further.
//
// A spot check is one sample, made now. A record from memory (20 and more are sent first) is of another time: it is passed over. A device
// of format 13 is silent between two measurements, and that is no fault of it once it has sent one.
//
// After 2.5 s without a byte, what was begun is forgotten: half a packet, the group before, a record whose length was damaged. Without this
// such a record would wait for bytes of the next one, and keep a patient's number until another's came.
//
// # EnviteC ChipOx
//
// Source: the SpO2 part of an old RxBox client; no manual. Line 9600 8N1.
//
//	A8 | body | hi | lo | A8     between the marks A8 is A9 88 and A9 is A9 89
//	checksum   over the body from hi = lo = 0: v = hi:lo + b; lo = v & FF; hi = (v >> 8) + (lo XOR b)
//	asked      7F 21 firmware · 7F 23 serial · 7F 88 00 status · 7F D1 01 01 01 02 01 03 01 11 01 04 0A stream
//	stream     7F id SpO2 rate(2) quality amplitude and ten samples, ten a second
//	status     7F 08 hi lo; bits: 0 unplugged · 1 no finger · 4 searching · 5 too long · 6, 7 low perfusion · 8 light · 9, 10 motion ·
//	           11 sensor defective · 12 supply · 13 overheated · 14 wrong sensor
//
// To resynchronise, look for a mark; two marks side by side are an end and a beginning. A9 stands before 88 and 89 only; before anything
// else it is damage.
//
// The status is asked for every half second, and the finger is known from it alone: before the first there is no number
// (vitals.NotReady), nor when the newest is two seconds old (vitals.Stale). A quality above 100 is an error (vitals.Artifact). Channel 0D
// is a system error (vitals.Hardware). After two seconds without a measurement the module is asked for everything again.
//
// # What the numbers mean
//
// A number is given only when no flag forbids it. A CMS50D+ with no finger sends pulse 0 and SpO2 0 where the document says FF and 7F, so
// 0, 127 and 255 are all "no value", and the flags decide, not the sentinels.
//
// # What proves it
//
// Published captures of a CMS50D+ (V7 session and live packets), sample packets of a CMS50F, and the vendor's tables. Not proven on a
// device of ours: Berry's speed, and the old stream's 4800 baud.
//
//	device             line                certainty  proven by                                   not proven
//	Contec CMS50 V7    115200 8N1          high       captures of a D+ and an F, vendor's table   other models of the family
//	Contec, five bytes 19200 or 4800 8O1   high       a forum's trace, vendor's table             4800 baud
//	Berry BCI          115200 8N1          medium     vendor's table                              speed; a capture
//	Nonin 2, 7         9600 8N1            high       a published firmware's test packet (2)      a capture; which board has which format
//	Nonin 8, 13        9600 8N1            high       vendor's table                              a capture
//	Nonin 1            9600 8N1            medium     one source                                  a capture
//	ChipOx             9600 8N1            medium     one client's code                           a capture; ids of the stream
//
// Every byte of every format with a checksum was changed to every other, lost and doubled in tests: no number came of it that the clean
// stream has not. Nonin's sum is one byte, so two damaged bytes in one frame can cancel out; it is the exam's stable window that passes
// over such an outlier. Format 1 has no bit for the finger: what it says when that has left is not known.
//
// # What is left out
//
// Nonin's host commands (format, clock, serial number) and the text lines of its handhelds; Medlab PEARL, whose only source is a forum's
// bytes; Contec's download of stored data.
package oximeter
