// Package door is who may look: accounts with a password and a one-time code, the kiosks that each may see and what they may do there, and sessions
// that end.
//
//	account.go  accounts and their roles, from a file
//	entry.go    signing in: password, one-time code (RFC 6238), a wait that grows after wrong ones
//	session.go  who is in, and for how long
//	guard.go    what stands before every page: host, origin, cookie, token
//
// Everything that is let in or refused is told to the audit by the account's name and the kiosk's; no patient is known here.
package door
