package upkeep

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nabz/drivers/vitals"
)

// Snapshot is the kiosk's gauges at one moment. Nothing in it is of a patient. What is not known is left out.
type Snapshot struct {
	Kiosk, Version string

	Lanes     map[string]Lane // "urgent", "routine"
	Parked    int
	Delivered int
	QueueSize int64   // bytes on disk
	QueueFull float64 // share of its room

	Written  vitals.Maybe[int64] // bytes that the medium of the data has taken since the kiosk began, whoever wrote them
	Readings int                 // put since then

	Devices      map[string]bool // whether it answers
	Broker       bool
	Clinic       bool
	Clock        string // source
	Uncertainty  time.Duration
	Source       string // of power
	Charge       vitals.Maybe[vitals.Percent]
	LowBattery   bool
	Temperature  vitals.Maybe[vitals.MilliCelsius]
	UnderVoltage vitals.Maybe[bool]
	Throttled    vitals.Maybe[uint32] // the firmware's bits
	CardErrors   vitals.Maybe[int]
	CardWear     vitals.Maybe[vitals.Percent]
	Hung         int // parts
	Trouble      Trouble
}

// Lane is one lane of the queue.
type Lane struct {
	Waiting int
	Oldest  time.Duration // since its oldest item was put
}

// Metrics answers in the form of Prometheus (text exposition format 0.0.4), from what take gives at that moment.
func Metrics(take func() Snapshot) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(gauges(take), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// gauges makes metrics of a snapshot.
type gauges func() Snapshot

// Describe implements prometheus.Collector: which gauges there are depends on the box, so none is promised.
func (gauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (g gauges) Collect(to chan<- prometheus.Metric) {
	s := g()
	e := emitter{to}
	e.gauge("nabz_build_info", "The software, always 1.", 1, "kiosk", s.Kiosk, "version", s.Version)
	for name, l := range s.Lanes {
		e.gauge("nabz_queue_waiting", "Entries that wait for the clinic.", float64(l.Waiting), "lane", name)
		e.gauge("nabz_queue_oldest_seconds", "Age of the oldest entry that waits.", l.Oldest.Seconds(), "lane", name)
	}
	e.gauge("nabz_queue_parked", "Entries that wait for a person.", float64(s.Parked))
	e.gauge("nabz_queue_delivered", "Entries that were delivered and are still remembered.", float64(s.Delivered))
	e.gauge("nabz_queue_bytes", "What the queue takes on disk.", float64(s.QueueSize))
	e.gauge("nabz_queue_full_ratio", "Share of its room that is taken.", s.QueueFull)
	e.counter("nabz_readings_total", "Entries that were put since the kiosk began.", float64(s.Readings))
	if n, known := s.Written.Get(); known {
		e.counter("nabz_medium_written_bytes_total", "What the medium of the data was given to write since the kiosk began, by everybody.", float64(n))
		if s.Readings > 0 {
			e.gauge("nabz_medium_written_bytes_per_reading", "The same by entry.", float64(n)/float64(s.Readings))
		}
	}
	for name, up := range s.Devices {
		e.gauge("nabz_device_up", "1 while the device answers.", truth(up), "device", name)
	}
	e.gauge("nabz_link_up", "1 while that part of the way is open.", truth(s.Broker), "to", "broker")
	e.gauge("nabz_link_up", "1 while that part of the way is open.", truth(s.Clinic), "to", "clinic")
	e.gauge("nabz_clock_source", "1 for where the time comes from.", 1, "source", s.Clock)
	e.gauge("nabz_clock_uncertainty_seconds", "How far off the time may be.", s.Uncertainty.Seconds())
	s.box(e)
}

func (s Snapshot) box(e emitter) {
	if s.Source != "" {
		e.gauge("nabz_power_on_battery", "1 while the battery feeds the box.", truth(s.Source == "battery"))
	}
	e.gauge("nabz_power_low", "1 while the battery is nearly empty.", truth(s.LowBattery))
	if n, known := s.Charge.Get(); known {
		e.gauge("nabz_battery_charge_ratio", "Charge of the battery.", float64(n)/100)
	}
	if n, known := s.Temperature.Get(); known {
		e.gauge("nabz_processor_celsius", "Temperature of the processor.", float64(n)/1000)
	}
	if low, known := s.UnderVoltage.Get(); known {
		e.gauge("nabz_under_voltage", "1 while the board's supply is too low.", truth(low))
	}
	if bits, known := s.Throttled.Get(); known {
		e.gauge("nabz_throttled_bits", "What the board's firmware slows down for.", float64(bits))
	}
	if n, known := s.CardErrors.Get(); known {
		e.gauge("nabz_card_errors", "Errors that the file system has met since it was checked.", float64(n))
	}
	if n, known := s.CardWear.Get(); known {
		e.gauge("nabz_card_wear_ratio", "Share of the card's life that is used up.", float64(n)/100)
	}
	e.gauge("nabz_parts_hung", "Parts of the kiosk that make no progress.", float64(s.Hung))
	e.gauge("nabz_restarts", "Restarts by itself since this boot.", float64(s.Trouble.Restarts))
	e.gauge("nabz_restarting_again_and_again", "1 while somebody has to look at it.", truth(s.Trouble.Looping))
}

// emitter sends metrics.
type emitter struct{ to chan<- prometheus.Metric }

func (e emitter) gauge(name, help string, v float64, labels ...string) {
	e.send(prometheus.GaugeValue, name, help, v, labels)
}

func (e emitter) counter(name, help string, v float64, labels ...string) {
	e.send(prometheus.CounterValue, name, help, v, labels)
}

func (e emitter) send(kind prometheus.ValueType, name, help string, v float64, labels []string) {
	var keys, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		keys, values = append(keys, labels[i]), append(values, labels[i+1])
	}
	e.to <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, keys, nil), kind, v, values...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
