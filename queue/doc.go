// Package queue is a store-and-forward queue that a power cut cannot make lie. It keeps opaque payloads in two lanes, urgent and routine,
// until somebody acknowledges them. It knows no medicine.
//
// # What is on stable storage when a method returns nil
//
//	Open     what it found and put right; Recovery says what cannot be read
//	Put      the item, whole; the same id again is a no-op, also after its Ack, for Opts.Remember; an item that a failing card has
//	         lost is put anew
//	Note     the remark on the item
//	Ack      that the items are delivered: they are never returned by Next again
//	Park     that the item is out of the way, and why
//	Release  that the item waits again, at its old place
//	Close    all of that, and an index that need not be caught up
//
// Next, List, Find, Stats and Damaged read. SetFloor is not durable. When ctx ends while a method waits for its commit, the outcome is
// unknown until asked (Find); doing it again is safe.
//
// # Format
//
//	lock                one process has the folder (flock; it dies with the process)
//	queue.json          the index's memtable size; oldest and newest segment; missing ones that were told of
//	journal/{n}.log     segments of 1 MiB, filled with zeros beforehand: the truth
//	journal/spare-*     segments to come
//	index/              Badger: what saves reading the journal whole, and ids for longer than their items
//	ballast             4 MiB given up when the disk is full at Open
//	index.opening       there while Badger opens its files: a process that dies then shall not try them again
//	reread              there after a read that the card did not answer: the next Open reads the whole journal
//	*.damaged-{time}    what was damaged, for whoever wants to look
//
// All writes go through one goroutine. What waits is written as one frame, with one flush: sixteen writers cost about as many flushes as
// one, and an acknowledgment waits up to 2 ms to ride along with a put. A frame begins at a block of 4 KiB and fills whole blocks, so a
// block that holds something promised is not written again while anything in its segment is needed (frame.go draws it; entry.go lists
// the entries: put, note, park, release, ack). Frames are numbered without gaps, entries carry their frame's number and a checksum.
//
// When a segment is full the index is brought up to date with one synced checkpoint:
//
//	key       value
//	r{id}     seq(8): this id was put
//	a{run}{seq}  id: delivered at running time run; both go after Opts.Remember
//	c{page}   where each of 512 items stands and is (register.go), with a checksum
//	n{seq}    note and reason
//	m         how far the index goes: frame, segment, last number, running time, and the sum of the pages; first of all, which pages are
//	          about to change
//
// Then the oldest segments are used again while the journal is more than twice what is live in it and eight more. What still waits in one
// is written anew at the front first; delivered items in it are history and end with it. So history is what is trimmed first.
//
// # Crash states
//
// A frame is there or it is not: one that is torn fails its checksums. What can be read of it is kept, since somebody asked for it, and
// nobody was told that the rest had succeeded (Recovery.Unfinished). A checkpoint that was cut leaves the older mark, which says which
// pages may be newer than itself, and what is newer comes again from the journal; doing so twice changes nothing. A segment that was being
// let go is named in queue.json as no longer needed before it is touched.
//
// # Damage
//
// An index that does not hang together, or that Badger must not be shown (precheck.go), is set aside and built again from the journal;
// then ids of items that the journal no longer has are forgotten. In a damaged segment every entry with a sound checksum is found and
// written anew; what is missing is named by its number, and its id when the index knows it. A usual journal is read whole at every Open; of
// a long one only what the index does not cover, and the rest is checked when it is read.
//
// A read that the card does not answer (EIO, and what a damaged file system says) is an error and no loss yet. The next Open reads the whole
// journal, block by block where it must; what cannot be read then either is lost and stated.
//
// # Time
//
// Ages are running time, added up while the queue is open and kept in each frame. The wall clock of a kiosk may jump by decades; a day in
// which the kiosk is off does not count. Item.Put is for people only.
//
// # Limits
//
// A payload is at most 64 KiB, an id 1 to 255 bytes. Puts are refused with ErrFull below 32 MB free, at the quota, or without a spare
// segment; acknowledgments go on. Of delivered ids the newest 200,000 stay known. Memory is 9 bytes an item beside Badger's.
//
// A disk that lies about flushing can still take away what it said it had; it cannot make the queue return a payload that was not put. A
// newest frame of which a failing card leaves no trace at all cannot be missed when the queue was not closed.
package queue
