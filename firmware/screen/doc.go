// Package screen is what the kiosk shows: the worker's touchscreen, and the JSON interface that tools use. Both are on loopback only.
//
//	GET  /                       the screen that is shown now, whole; right after a reload, a crash, a restart
//	POST /act                    one touch: rev and tap; an old rev does nothing. Answers with the screen as it then is
//	GET  /events                 the one stream of a page: screen, live (numbers, pulse wave, countdown)
//
//	GET  /api/state              everything a screen needs: visit, live numbers with their age, devices, receipts, link, queue, clock
//	POST /api/visits             {"patient":{"type":"MR","value":"000123"},"operator":"w-7"} opens a visit
//	POST /api/visits/{id}/{act}  start-cuff, next, finish, cancel, skip, retake, by-hand, wrong-patient; body as Action
//	GET  /api/readings/{id}/evidence
//	GET  /api/queue?state=S      waiting, parked or delivered items by id, without their contents
//	POST /api/queue/{seq}/release
//
// An action names its visit, so a stale page does nothing: the answer is 409 and the present state. What an action changed is on stable
// storage when its answer comes. Only this host's name is answered, and a page of another origin is refused.
//
//	guide    which screen, and what a touch does: pure
//	words    every word, in Urdu and English
//	render   the templates in page/; numbers and units are isolated so that they are painted from left to right
//	front    the one owner of the touchscreen's session
//	events   what moves on a screen that stays the same
//
// The server draws every screen; the script sends touches and shows what comes, and without it the buttons still work. Fonts are put into the
// binary by "make web".
package screen
