package main

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"nabz/firmware/screen"
)

// queueCmd looks into the running kiosk's queue. Contents are never shown: they are a patient's.
type queueCmd struct {
	Ls      listCmd    `cmd:"" help:"What waits to be sent, oldest first."`
	Show    showCmd    `cmd:"" help:"Everything known of one reading but its contents."`
	Parked  parkedCmd  `cmd:"" help:"What the record refused, and why."`
	Release releaseCmd `cmd:"" help:"Send a parked reading again."`
	Stats   statsCmd   `cmd:"" help:"Counts."`
}

// Help implements kong.HelpProvider.
func (queueCmd) Help() string {
	return "Example:\n  kioskctl queue parked\n  kioskctl queue release 17\n  kioskctl queue show 0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01"
}

type listCmd struct {
	client
	JSON bool `help:"Print one JSON object per item."`
}

// Help implements kong.HelpProvider.
func (listCmd) Help() string { return "Example:\n  kioskctl queue ls --json" }

// Run implements kioskctl queue ls.
func (c listCmd) Run() error { return c.list("waiting", c.JSON) }

type parkedCmd listCmd

// Help implements kong.HelpProvider.
func (parkedCmd) Help() string { return "Example:\n  kioskctl queue parked" }

// Run implements kioskctl queue parked.
func (c parkedCmd) Run() error { return c.list("parked", c.JSON) }

func (c client) list(state string, asJSON bool) error {
	items, err := c.items(state)
	if err != nil {
		return err
	}
	if asJSON {
		for _, it := range items {
			if err := printJSON(it); err != nil {
				return err
			}
		}
		return nil
	}
	return printItems(state, items)
}

func (c client) items(state string) (items []screen.Item, err error) {
	return items, c.get("/api/queue?state="+state, &items)
}

func printItems(state string, items []screen.Item) error {
	if len(items) == 0 {
		fmt.Println("nothing is", state)
		return nil
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "number\tid\tlane\tput\tsent\twhy parked")
	for _, it := range items {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%t\t%s\n", it.Seq, it.ID, it.Lane, it.Put.Format(time.DateTime), it.Sent, it.Parked)
	}
	return t.Flush()
}

type showCmd struct {
	client
	ID   string `arg:"" help:"The reading's id, or its last characters."`
	JSON bool   `help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (showCmd) Help() string {
	return "Example:\n  kioskctl queue show 0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01\n  kioskctl queue show 7c8d01"
}

// Run implements kioskctl queue show.
func (c showCmd) Run() error {
	for _, state := range []string{"waiting", "parked", "delivered"} {
		items, err := c.items(state)
		if err != nil {
			return err
		}
		for _, it := range items {
			if matches(it.ID, c.ID) {
				return c.print(state, it)
			}
		}
	}
	return fmt.Errorf("%s is not among what this kiosk keeps: delivered readings are kept only until their room is needed", c.ID)
}

func (c showCmd) print(state string, it screen.Item) error {
	if c.JSON {
		return printJSON(struct {
			State string `json:"state"`
			screen.Item
		}{state, it})
	}
	fmt.Println(it.ID, "is", state)
	return printItems(state, []screen.Item{it})
}

// matches says whether id is meant by what was typed: all of it, or at least its last six characters.
func matches(id, typed string) bool {
	return id == typed || len(typed) >= 6 && len(typed) < len(id) && id[len(id)-len(typed):] == typed
}

type releaseCmd struct {
	client
	Number uint64 `arg:"" help:"The item's number, as queue parked shows it."`
	JSON   bool   `help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (releaseCmd) Help() string { return "Example:\n  kioskctl queue release 17" }

// Run implements kioskctl queue release.
func (c releaseCmd) Run() error {
	var done struct{}
	if err := c.call("POST", fmt.Sprintf("/api/queue/%d/release", c.Number), &done); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(map[string]uint64{"released": c.Number})
	}
	fmt.Println("released", c.Number)
	return nil
}

type statsCmd struct {
	client
	JSON bool `help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (statsCmd) Help() string { return "Example:\n  kioskctl queue stats --json" }

// Run implements kioskctl queue stats.
func (c statsCmd) Run() error {
	var s screen.State
	if err := c.get("/api/state", &s); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.Queue)
	}
	fmt.Printf("%d waiting, %s\n", s.Queue.Waiting, queueWord(s.Queue))
	return nil
}
