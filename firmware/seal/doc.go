// Package seal keeps what was measured, and of whom, from everybody between the kiosk's exam and the clinic: from whoever steals or repairs a card, and from the broker.
//
// What is sealed goes to public keys of clinics (HPKE, RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305), so the kiosk itself cannot read it again.
// The contents are encrypted once, under a key of their own, which is wrapped for each recipient:
//
//	0 "nz"    magic
//	2 u8      version, 1
//	3 u8      n, number of recipients, 1 to 4
//	4 n * 88  recipient: 8 bytes of its key's SHA-256, 32 of encapsulated key, 48 of wrapped content key
//	  ...     contents: ChaCha20-Poly1305 under the content key, nonce zero, the bytes before and the label as additional data
//
// The label says what is sealed and for what ("reading" and its id): a sealed reading cannot be passed off as another, nor as a live message.
//
// Two recipients are for the time of a key change, and for a recovery key that lies in a safe. A clinic that has lost its key, without such a second recipient, can read
// nothing of what waits on kiosks and at the broker; what it has recorded is not concerned. X25519 is not safe from a large quantum computer: whoever keeps
// what passes today could read it then. ML-KEM would add a kilobyte to every reading.
//
// A seal hides, and proves nothing: anybody can seal to a public key. What leaves a kiosk is signed too (Signer), with the key of its certificate.
package seal
