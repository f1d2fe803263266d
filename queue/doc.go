// Package queue is a store-and-forward queue that a power cut cannot make lie. It keeps opaque payloads in two lanes, urgent and routine,
// until somebody acknowledges them. It knows no medicine.
//
// # What is on stable storage when a method returns nil
//
//	Put      the item, whole; the same id again is a no-op, also after its Ack, for Opts.Remember
//	Note     the remark on the item
//	Ack      that the items are delivered: they are never returned by Next again
//	Park     that the item is out of the way, and why
//	Release  that the item waits again, at its old place
//
// All writes go through one goroutine, which commits what waits in one synced Badger transaction: sixteen writers cost about as many flushes
// as one. When ctx ends while a method waits for its commit, the outcome is unknown until asked (Find); doing it again is safe.
//
// # Format
//
//	key               value
//	i{seq}            item: crc32c(4) seq(8) lane(1) put unix ms(8) len id(1) id payload
//	n{seq}            note: crc32c(4) note
//	p{seq}            parked: reason in UTF-8
//	d{seq}            delivered, empty
//	r{id}             seq(8): this id was put; kept for Opts.Remember of running time after its Ack
//	k{run}{seq}       delivered at running time run: the item's contents are kept for Opts.Keep after it
//	a{run}{seq}       likewise, for Opts.Remember; value: id
//	x{seq}            a damaged item as it was found, set aside
//	m"last" m"run"    last sequence number given; running time in seconds
//	m"done"           every item below this number is delivered
//
// Integers are big-endian. Values live in the LSM tree, so there is no value log to collect: collecting it brings deleted keys back.
//
// # Crash states
//
// A method's keys are written in one transaction, so after a crash there is all of it or nothing. Open finds: an item with or without
// its note, waiting, parked or delivered; a transaction that was cut, which Badger drops and whose caller was never told nil. Items below
// the durable mark m"done" are not waiting whatever else stands there. An item whose checksum, length or number is wrong is set aside
// and named in Recovery, and never returned.
//
// # Time
//
// Ages are running time, added up while the queue is open and kept with other writes. The wall clock of a kiosk may jump by decades; a
// day in which the kiosk is off does not count. Item.Put is for people only.
//
// # Limits
//
// A payload is at most 64 KiB, an id 1 to 255 bytes. Puts are refused with ErrFull below 32 MB free: Badger needs room to compact, and
// a full disk kills a process that writes through a mapping. Of ids remembered after Ack the newest 200,000 stay. Memory is 8 bytes a
// waiting item beside Badger's tables.
//
// A disk that lies about flushing can still take away what it said it had; it cannot make the queue return a payload that was not put.
package queue
