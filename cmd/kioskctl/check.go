package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"nabz/firmware/config"
	"nabz/firmware/screen"
	"nabz/firmware/whole"
	"nabz/hwtest"
)

// checkCmd says whether this box is good.
type checkCmd struct {
	Run_   checkRunCmd    `cmd:"" name:"run" default:"withargs" help:"What check alone does; its flags are those of check itself: --full, --by, --json, --html, --config."`
	List   checkListCmd   `cmd:"" help:"The reports that are kept on this box."`
	Show   checkShowCmd   `cmd:"" help:"A report, as a table, as JSON, or as a page to print."`
	Verify checkVerifyCmd `cmd:"" help:"Whether a report is as its kiosk has signed it."`
}

// Help implements kong.HelpProvider.
func (checkCmd) Help() string { return checkRunCmd{}.Help() }

// onBox is where a command finds its kiosk.
type onBox struct {
	Config string `default:"/etc/nabz/kiosk.toml" type:"path" help:"The kiosk's configuration."`
}

// checkRunCmd runs the checks.
type checkRunCmd struct {
	onBox
	Full bool   `help:"The long check: with a finger, a rigid cylinder, and your hands. The kiosk has to be stopped for it."`
	By   string `help:"Who does it, for the report: a number or a short name of staff, never a patient's."`
	JSON bool   `help:"Print the report as JSON."`
	HTML string `type:"path" help:"Write the report to this file as a page to print."`
}

// Help implements kong.HelpProvider.
func (checkRunCmd) Help() string {
	return `The quick check takes under a minute and needs nobody. While the kiosk runs, the kiosk does it; otherwise this program opens the devices itself. It ends
with 0 when all is good, with 1 when something is not: the table says what, why, and what to do.

The long one takes ten minutes: systemctl stop nabz-kiosk; kioskctl check --full; systemctl start nabz-kiosk. While a step waits: s leaves it out, b goes one step
back, q stops. The report is signed with the kiosk's key and kept on the box.

Examples:
  kioskctl check
  kioskctl check --json
  kioskctl check --full --by tech-3 --html check.html
  kioskctl check list
  kioskctl check show 20261201-093000-full --html check.html
  kioskctl check verify report.json --ca ca.crt`
}

// errNotGood ends the program with 1 after the report was printed.
var errNotGood = errors.New("not everything is good")

// Run implements kioskctl check.
func (c checkRunCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	kiosk := client{Kiosk: "http://" + cfg.Listen}
	var s screen.State
	running := kiosk.get("/api/state", &s) == nil
	switch {
	case running && c.Full:
		return errors.New("the kiosk runs, and has the devices: systemctl stop nabz-kiosk, then check again")
	case running:
		return c.ask(kiosk)
	case c.Full:
		return c.guide(ctx, hwtest.Here(cfg, nil), os.Stdin, os.Stdout)
	}
	return c.quick(ctx, hwtest.Here(cfg, nil), os.Stdout)
}

// ask has the running kiosk do it.
func (c checkRunCmd) ask(kiosk client) error {
	raw, err := kiosk.patiently(http.MethodPost, "/api/check", checkTime)
	if err != nil {
		return err
	}
	signed, r, err := hwtest.ParseSigned(raw)
	if err != nil {
		return err
	}
	return c.print(os.Stdout, signed, r)
}

// checkTime is how long a quick check of a running kiosk may take.
const checkTime = 3 * time.Minute

func (c checkRunCmd) quick(ctx context.Context, b hwtest.Bench, out io.Writer) error {
	r := b.Report(ctx, version)
	r.By = c.By
	return c.keep(out, b, r)
}

// guide does the long check: the quick one first, then the steps with a person at in and out.
func (c checkRunCmd) guide(ctx context.Context, b hwtest.Bench, in io.Reader, out io.Writer) error {
	fmt.Fprintln(out, "The long check: ten minutes, with your hands. First what needs nobody.")
	r := hwtest.Report{Kiosk: b.Config.Name, Version: version, Kind: "full", By: c.By, Practice: b.Config.Practice, Began: time.Now().In(b.Config.Zone)}
	r.Rows = hwtest.Run(ctx, b.Quick(), func(row hwtest.Row) { fmt.Fprintf(out, "  %-12s %s %s\n", row.Name, row.Verdict, row.Why) })
	page, err := hwtest.OpenPage(b.Config.Listen, hwtest.Tone())
	if err != nil {
		return err
	}
	defer page.Close() // the browser goes back to the kiosk
	fmt.Fprintln(out, "\nNow with you. While a step waits: s leaves it out, b goes one step back, q stops; Enter answers.")
	lines := make(chan string)
	go func() {
		defer close(lines)
		for typed := bufio.NewScanner(in); typed.Scan(); {
			select {
			case lines <- typed.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	p := &hwtest.Person{Lines: lines, Say: func(text string) { fmt.Fprintln(out, text) }}
	r.Rows = append(r.Rows, hwtest.Guide(ctx, b.Full(page), p)...)
	return c.keep(out, b, r)
}

// keep signs a report, puts it on the shelf, and prints it.
func (c checkRunCmd) keep(out io.Writer, b hwtest.Bench, r hwtest.Report) error {
	r.Ended = time.Now().In(b.Config.Zone)
	signed, err := hwtest.Sign(r, b.Config)
	if err != nil {
		return err
	}
	name, err := hwtest.ShelfOf(b.Config).Keep(r, signed)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kioskctl:", err) // the report is printed all the same
	}
	if err := c.print(out, signed, r); err != nil {
		return err
	}
	if name != "" && !c.JSON {
		fmt.Fprintf(out, "kept as %s\n", name)
	}
	return nil
}

// print writes it as asked; errNotGood when something is not.
func (c checkRunCmd) print(out io.Writer, signed hwtest.Signed, r hwtest.Report) error {
	if c.HTML != "" {
		if err := writeSheet(c.HTML, signed, r); err != nil {
			return err
		}
	}
	var err error
	if c.JSON {
		err = printJSON(signed)
	} else {
		err = printReport(out, signed, r)
	}
	if err == nil && !r.Good() {
		err = errNotGood
	}
	return err
}

func printReport(w io.Writer, signed hwtest.Signed, r hwtest.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%s\n", row.Name, row.Verdict, findings(row))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "%d good, %d not good, %d left out", r.Count(hwtest.Pass), r.Count(hwtest.Fail), r.Count(hwtest.Skipped))
	if f := signed.Fingerprint(); f != "" {
		fmt.Fprintf(w, "; signed %s", f)
	}
	fmt.Fprintln(w)
	if row, bad := r.First(); bad {
		fmt.Fprintf(w, "first look at: %s: %s\n", row.Name, row.Do)
	}
	return nil
}

// findings are a row's why and what to do, or its numbers.
func findings(row hwtest.Row) string {
	if row.Verdict == hwtest.Fail {
		return row.Why + ": " + row.Do
	}
	text := row.Why
	for _, v := range row.Values {
		if text != "" {
			text += ", "
		}
		text += v.Name + " " + v.Number
		if v.Unit != "" {
			text += " " + v.Unit
		}
	}
	return text
}

func writeSheet(path string, signed hwtest.Signed, r hwtest.Report) error {
	var page bytes.Buffer
	if err := r.WriteHTML(&page, signed.Fingerprint()); err != nil {
		return err
	}
	return whole.Write(path, page.Bytes(), 0o644)
}

// checkListCmd lists reports.
type checkListCmd struct{ onBox }

// Run implements kioskctl check list.
func (c checkListCmd) Run() error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	shelf := hwtest.ShelfOf(cfg)
	names, err := shelf.List()
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, n := range names {
		_, r, err := shelf.Get(n)
		if err != nil {
			fmt.Fprintf(t, "%s\t%v\n", n, err)
			continue
		}
		word := "good"
		if row, bad := r.First(); bad {
			word = fmt.Sprintf("%d not good, first %s", r.Count(hwtest.Fail), row.Name)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", n, word, r.By)
	}
	return t.Flush()
}

// checkShowCmd shows one.
type checkShowCmd struct {
	onBox
	Name string `arg:"" help:"As kioskctl check list names it, or a file."`
	JSON bool   `help:"Print it as JSON, as it is kept: this is what is exported and verified."`
	HTML string `type:"path" help:"Write it to this file as a page to print."`
}

// Run implements kioskctl check show.
func (c checkShowCmd) Run() error {
	signed, r, err := c.find()
	if err != nil {
		return err
	}
	run := checkRunCmd{JSON: c.JSON, HTML: c.HTML}
	if err := run.print(os.Stdout, signed, r); !errors.Is(err, errNotGood) {
		return err
	}
	return nil // it was shown
}

func (c checkShowCmd) find() (hwtest.Signed, hwtest.Report, error) {
	if raw, err := os.ReadFile(c.Name); err == nil {
		return hwtest.ParseSigned(raw)
	}
	cfg, err := config.Load(c.Config)
	if err != nil {
		return hwtest.Signed{}, hwtest.Report{}, err
	}
	return hwtest.ShelfOf(cfg).Get(c.Name)
}

// checkVerifyCmd verifies one.
type checkVerifyCmd struct {
	File string `arg:"" type:"existingfile" help:"A report, as kioskctl check show --json prints it."`
	CA   string `required:"" type:"existingfile" help:"The programme's certificates (ca.crt of the authority)."`
}

// Run implements kioskctl check verify.
func (c checkVerifyCmd) Run() error {
	raw, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	signed, _, err := hwtest.ParseSigned(raw)
	if err != nil {
		return err
	}
	trusted, err := os.ReadFile(c.CA)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(trusted) {
		return fmt.Errorf("%s holds no certificate", c.CA)
	}
	r, kiosk, err := signed.Verify(pool)
	if err != nil {
		return err
	}
	fmt.Printf("signed by %s: %s check of %s, %d good, %d not good, %d left out\n", kiosk, r.Kind, r.Began.Format(time.DateTime), r.Count(hwtest.Pass), r.Count(hwtest.Fail), r.Count(hwtest.Skipped))
	return nil
}
