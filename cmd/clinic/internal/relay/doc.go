// Package relay lets several processes serve the pages: one clinic keeps the books, and the others ask it through the broker.
//
//	replica ── {root}/ehr/{clinic}/ask/{replica} ──▶ clinic      Question, compressed
//	replica ◀─ {root}/ehr/{clinic}/answer/{replica} ── clinic    Answer, compressed
//
// A replica holds nothing but its sessions: live messages come to it from the broker, the books and the audit are the clinic's. Whoever balances between
// replicas has to send one browser to one of them. No password goes over it: local accounts are looked at where the browser is.
package relay
