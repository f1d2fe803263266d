package bpcuff

import (
	"fmt"
	"time"

	"nabz/drivers/vitals"
)

// Command codes that the driver sends.
const (
	cmdStart  = "01"
	cmdManual = "03" // else a cycle may be active
	cmdStatus = "18"
	cmdAdult  = "24"
	cmdSpO2On = "31" // on the combined board alone
	abort     = 'X'
)

// startPressures are the codes that set the first inflation, in mmHg. On the combined board 31 and 30 switch its SpO2 on and off, so the
// low pressures are not to be had there.
var startPressures = map[vitals.MmHg]string{
	80: "30", 100: "31", 120: "32", 140: "21", 160: "22", 180: "23", 200: "33", 220: "34", 240: "35", 280: "38",
}

// startCommand returns the code for a start pressure; "" leaves it to the module.
func (p *PAR) startCommand(start vitals.MmHg) (string, error) {
	if start == 0 {
		return "", nil
	}
	code, ok := startPressures[start]
	if !ok || p.opts.Combined && (code == "30" || code == "31") {
		return "", fmt.Errorf("cuff: no first inflation to %s on this module: use another start pressure", start)
	}
	return code, nil
}

// command frames a code with the module's delimiters.
func (p *PAR) command(code string) []byte {
	text := code + ";;"
	text += fmt.Sprintf("%02X", sum([]byte(text)))
	if p.opts.Combined {
		return append(append([]byte{combinedSTX}, text...), combinedETX, cr)
	}
	return append(append([]byte{stx}, text...), etx)
}

// Times of the protocol.
const (
	betweenCommands = time.Second
	abortTime       = 2 * time.Second
	runTime         = 120 * time.Second      // a run without its end marker is aborted
	statusTime      = 2 * time.Second        // for the answer to a status command
	quietTime       = 100 * time.Millisecond // without a frame, before a run begins
	frameTime       = 15 * time.Second       // between two frames of a running measurement
)
