// Package chart is what doctors read of a patient: what the record has, and what nobody has opened yet.
//
//	chart.go    readings as they stand in the record: visits, what was replaced or withdrawn, what lies outside the limits
//	trend.go    the same as curves
//	waiting.go  the patients whose readings nobody has opened, by need
//	book.go     the record and the ledger behind it: open, mark as opened, write to the worker
package chart
