// Package card is the disk of the power-cut rig: an NBD server over an image file that behaves like a cheap memory card with a volatile
// write cache. A write is answered at once and stays pending; FLUSH and FUA make it durable, after a while. When the power goes, what is
// pending is kept or lost by one of five Modes, and the image file holds what the card would have.
//
// # What the card promises
//
//	write, zeroes, trim  answered from the cache; reads see it; pending
//	FLUSH                takes Opts.FlushTime, then every write that was received before it is durable; later ones stay pending
//	FUA                  the write is pending until FlushTime has passed, then it is durable, and no other is
//	cut                  a sector holds what was last durable or one of the pending writes after that, never anything else. Only Junk may
//	                     put random bytes there, and only where nothing was ever durable
//
// A sector of 512 bytes is never torn. A durable write also overtakes older pending writes below it: a cut never brings them back.
// Several FLUSHes run side by side and each takes FlushTime. A client that goes away leaves the card as it is: it still has power.
//
// "Ever durable" in Junk means: made durable since Open, or not all zeroes in the image at Open. So data that was acknowledged in an
// earlier boot is safe when its sector is being rewritten, as it is in a card that writes the new copy elsewhere first.
//
// # Memory
//
// Pending writes are held whole and in order. A card with Opts.Lies holds everything that was ever written to it.
//
// # Protocol
//
// NBD, newstyle fixed negotiation with one export whose name is empty, simple replies; see the NBD project's doc/proto.md. Requests must be
// whole sectors, which is what QEMU sends. TRIM zeroes, so that two runs of one seed agree.
package card
