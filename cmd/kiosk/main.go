// Command kiosk is the appliance: it reads the peripherals, keeps every reading and publishes it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/lmittmann/tint"

	"nabz/provisioning/profile"
)

// Stamped by the Makefile.
var (
	version = "dev"
	commit  = "unknown"
)

type cli struct {
	Run     runCmd           `cmd:"" help:"Run the kiosk until it is told to stop (SIGTERM or Ctrl-C)."`
	Config  configCmd        `cmd:"" help:"Check a kiosk.toml, or print an example of one."`
	Version kong.VersionFlag `help:"Print version and commit."`
}

type runCmd struct {
	Config string `default:"/etc/nabz/kiosk.toml" type:"path" help:"The kiosk's configuration."`
}

type configCmd struct {
	Check   checkCmd   `cmd:"" help:"Say everything that is wrong with a kiosk.toml, or that it is good."`
	Example exampleCmd `cmd:"" help:"Print a kiosk.toml with every key and its default."`
}

type checkCmd struct {
	File string `arg:"" default:"/etc/nabz/kiosk.toml" type:"path" help:"The file to check; - is standard input."`
	JSON bool   `help:"Print the result as JSON."`
}

type exampleCmd struct{}

const description = `The telehealth kiosk.

Examples:
  kiosk config example > kiosk.toml
  kiosk config check kiosk.toml
  kiosk run --config kiosk.toml`

// memoryLimit is soft: the collector works harder near it. Twice of what a busy kiosk holds; without it the store's compactions leave three times as
// much behind. A browser needs the rest of the box.
const memoryLimit = 40 << 20

func main() {
	var c cli
	k := kong.Parse(&c, kong.Name("kiosk"), kong.Description(description), kong.UsageOnError(),
		kong.Vars{"version": version + " " + commit})
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "kiosk:", err)
		os.Exit(1)
	}
}

// Run implements kiosk run.
func (r runCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	return r.lives(ctx, logger())
}

func (r runCmd) lives(ctx context.Context, log *slog.Logger) error {
	for {
		err := r.life(ctx, log)
		if !errors.Is(err, profile.ErrReload) || ctx.Err() != nil {
			log.Info("kiosk stopped")
			return err
		}
		log.Info("kiosk begins anew", "why", err)
	}
}

// logger writes lines for people to a terminal and JSON anywhere else.
func logger() *slog.Logger {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return slog.New(tint.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, nil))
}
