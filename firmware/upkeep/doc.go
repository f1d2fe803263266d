// Package upkeep keeps the kiosk well without a person: it feeds the watchdogs only while every part makes progress, remembers how earlier runs ended, and
// gives its gauges to whoever asks.
//
// A part that has hung (firmware/pulse) is written down and logged, and nothing is fed from then on. systemd ends such a kiosk when WatchdogSec is over
// and starts it again (sd_notify(3), systemd.service(5)); where the kiosk feeds the machine's own watchdog, the machine is reset. A kiosk that nobody
// watches can only say so.
//
//	history.go  how earlier runs ended, durable
//	keeper.go   the task that feeds
//	metrics.go  gauges in the form of Prometheus
package upkeep
