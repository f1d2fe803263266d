package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"nabz/firmware/screen"
)

// statusCmd says in one look whether devices, link, queue and clock are good.
type statusCmd struct {
	client
	JSON bool `help:"Print the kiosk's whole state as JSON."`
}

// Help implements kong.HelpProvider.
func (statusCmd) Help() string {
	return "Example:\n  kioskctl status\n  kioskctl status --kiosk http://127.0.0.1:8080 --json"
}

// Run implements kioskctl status.
func (c statusCmd) Run() error {
	var s screen.State
	if err := c.get("/api/state", &s); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s)
	}
	return printStatus(os.Stdout, s)
}

func printStatus(w io.Writer, s screen.State) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	mode := "live"
	if s.Practice {
		mode = "practice"
	}
	fmt.Fprintf(t, "kiosk\t%s\t%s, version %s\n", s.Kiosk, mode, s.Version)
	for _, d := range s.Devices {
		fmt.Fprintf(t, "%s\t%s\t%s\n", d.Name, d.State, d.Why)
	}
	fmt.Fprintf(t, "link\t%s\t%s\n", linkWord(s.Link), s.Link.Why)
	fmt.Fprintf(t, "power\t%s\t%s\n", powerWord(s.Power), powerHelp(s.Power))
	fmt.Fprintf(t, "queue\t%d waiting\t%s\n", s.Queue.Waiting, queueWord(s.Queue))
	fmt.Fprintf(t, "clock\t%s\t%s\n", s.Clock.Source, clockWord(s.Clock))
	fmt.Fprintf(t, "payload\t%s\t%s\n", sealWord(s.Identity), endWord(s.Identity))
	fmt.Fprintf(t, "profile\t%s\n", profileWord(s.Identity))
	if !s.Trouble.IsZero() {
		fmt.Fprintf(t, "RESTARTS\t%d by itself since this boot\t%s\n", s.Trouble.Restarts, s.Trouble.Last)
	}
	if s.NotSaved != "" {
		fmt.Fprintf(t, "NOT SAVED\treadings find no room\t%s\n", s.NotSaved)
	}
	return t.Flush()
}

// clockWord says how far off the time may be; a clock that nobody set does not know.
func clockWord(c screen.Clock) string {
	if c.Source == "none" || c.Uncertainty == "" {
		return "not set; it is asked of the clinic when the link is there"
	}
	return "± " + c.Uncertainty
}

func sealWord(i screen.Identity) string {
	if i.Sealed {
		return "sealed"
	}
	return "plain"
}

func profileWord(i screen.Identity) string {
	word := "none: kiosk.toml alone"
	if i.Profile > 0 {
		word = fmt.Sprintf("version %d", i.Profile)
	}
	if i.Refused > 0 {
		word += fmt.Sprintf("\tversion %d was taken back: the log says why", i.Refused)
	}
	return word
}

// endWord says how long the certificate lasts.
func endWord(i screen.Identity) string {
	switch {
	case i.Until.IsZero():
		return "no certificate"
	case i.Ends:
		return "certificate until " + i.Until.Format(time.DateOnly) + ": it should have been renewed by now; see kioskctl enrol"
	}
	return "certificate until " + i.Until.Format(time.DateOnly)
}

func powerWord(p screen.Power) string {
	word := p.Source
	if word == "" {
		word = "not told"
	}
	if c := p.Percent(); c != "" {
		word += ", battery " + c + " %"
	}
	return word
}

func powerHelp(p screen.Power) string {
	switch {
	case p.Leaving:
		return "the box switches itself off"
	case p.Low:
		return "nearly empty: nothing new is measured"
	case p.Blind:
		return "the line or the gauge that tells is dead: kioskctl check"
	}
	return ""
}

func linkWord(l screen.Link) string {
	switch {
	case l.Clinic:
		return "clinic reachable"
	case l.Broker:
		return "broker only"
	}
	return "down"
}

func queueWord(q screen.Queue) string {
	word := fmt.Sprintf("%d urgent, %d parked, %d delivered, %d kB on disk", q.Urgent, q.Parked, q.Delivered, q.Bytes/1000)
	if q.Waiting > 0 && !q.Oldest.IsZero() {
		word += ", oldest since " + q.Oldest.Format(time.DateTime)
	}
	switch {
	case q.Full >= 1:
		word += "; FULL: no visit begins until readings are delivered or room is made"
	case q.Full >= 0.8:
		word += fmt.Sprintf("; nearly full: %.0f %% of the room is taken", q.Full*100)
	}
	return word
}
