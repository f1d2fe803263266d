// Package visits is the kiosk's own memory, beside the queue: the visit in progress, so that a power cut at any step returns to that
// step, and for each reading the receipts that the worker sees.
//
// # What is kept
//
//	current          id of the visit in progress
//	screen           what the touchscreen knows beside the visit, sealed
//	visit/{id}       the exam's saved state, sealed with AES-256-GCM: it holds the patient's identifier
//	raw/{entry}      capture of the device's line that a reading came from, compressed and sealed
//	tally            JSON: how many entries were saved, recorded, replaced and retracted, ever
//	receipt/{entry}  JSON: visit, kind and the steps reached; no patient data
//
// Every method that changes something returns after the change is on stable storage (Badger with SyncWrites). The queue is the truth
// where the two overlap: after a restart the firmware puts every reading of the visit in progress again, which the queue ignores when it
// has it, and marks as recorded what the queue has delivered.
//
// # Limits
//
// Receipts and states of the newest 500 visits stay; Trim forgets older ones whose readings are all recorded. Evidence stays of the
// newest 500 readings.
package visits
