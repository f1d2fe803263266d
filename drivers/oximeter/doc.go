// Package oximeter reads pulse oximeters: the Contec CMS50 family and the devices that speak the five-byte BCI stream.
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
// Bit 4 of b0 becomes vitals.SearchTimeout in both: the device has no pulse to show, and why is in the flags beside it.
//
// With odd parity a damaged byte reaches the program as 00, which can clear the flags in b2 or make a number of another one. No packet has a
// checksum either, so a Sample here is what one packet said and no more: a lone outlier is for the exam's stable window to pass over.
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
package oximeter
