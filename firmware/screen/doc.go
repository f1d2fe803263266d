// Package screen is what the kiosk shows: a JSON interface on loopback that starts and steps a visit, and a plain page on top of it.
//
//	GET  /api/state              everything a screen needs: visit, live numbers with their age, devices, receipts, link, queue, clock
//	POST /api/visits             {"patient":{"type":"MR","value":"000123"},"operator":"w-7"} opens a visit
//	POST /api/visits/{id}/{act}  start-cuff, next, finish, cancel, skip, retake, by-hand, wrong-patient; body as Action
//	GET  /api/queue?state=S      waiting, parked or delivered items by id, without their contents
//	POST /api/queue/{seq}/release
//
// An action names its visit, so a stale page does nothing: the answer is 409 and the present state. What an action changed is on stable
// storage when its answer comes. Only loopback may listen, only this host's name is answered, and a page of another origin is refused.
package screen
