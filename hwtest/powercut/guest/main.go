// Command guest is the first process of a virtual kiosk in the power-cut rig. It makes the machine ready as the real box does, checks and
// mounts the card, and runs the workload or the kiosk; the host takes the power whenever it likes.
//
//	guest: SNAP                            parked here, before the disk's driver is loaded
//	host:  GO entropy=HEX boot=UUID ...    the rest is for the workload
//	guest: FSCK 0                          what e2fsck -p said
//	guest: MOUNTED
//	guest: ...                             the workload's own lines
//	guest: READY                           with kiosk=yes: the unmodified kiosk runs, in place of a workload
//	host:  STOP                            with kiosk=yes: the kiosk makes no progress any more (SIGSTOP)
//	guest: FATAL why                       anything that must not happen
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"nabz/hwtest/powercut/work"
)

func main() {
	if err := run(); err != nil {
		fmt.Println("guest:", err)
	}
	select {} // the first process must not end
}

func run() error {
	if err := mounts(); err != nil {
		return err
	}
	if err := loadModules(func(name string) bool { return !strings.Contains(name, "virtio_blk") }); err != nil {
		return err
	}
	port, err := openPort()
	if err != nil {
		return err
	}
	fmt.Fprintln(port, "\nSNAP") // a serial port that wakes up has noise before it
	in := bufio.NewScanner(port)
	for in.Scan() && !strings.HasPrefix(in.Text(), "GO ") {
	}
	args := map[string]string{}
	for word := range strings.FieldsSeq(strings.TrimPrefix(in.Text(), "GO ")) {
		k, v, _ := strings.Cut(word, "=")
		args[k] = v
	}
	go obey(in)
	if err := begin(port, args); err != nil {
		fmt.Fprintln(port, "FATAL", err)
		return err
	}
	return nil
}

func begin(port *os.File, args map[string]string) error {
	if err := freshen(args["entropy"], args["boot"]); err != nil {
		return err
	}
	if err := loadModules(func(name string) bool { return strings.Contains(name, "virtio_blk") }); err != nil {
		return err
	}
	disk, err := bootArg("kiosk.disk", "/dev/vda")
	if err != nil {
		return err
	}
	status, err := mountCard(disk, "/data")
	fmt.Fprintln(port, "FSCK", status)
	if err != nil {
		return err
	}
	fmt.Fprintln(port, "MOUNTED")
	if args["kiosk"] == "yes" {
		return runKiosk(port)
	}
	return work.Run(context.Background(), "/data", args, port)
}
