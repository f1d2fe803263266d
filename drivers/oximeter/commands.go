package oximeter

// Host commands of V7 that the driver sends.
const (
	cmdVersion    = 0xA0
	cmdStart      = 0xA1
	cmdStop       = 0xA2
	cmdStopUpload = 0xA7
	cmdModel      = 0xA8
	cmdID         = 0xAA
	cmdHasPI      = 0xAC
	cmdKeepAlive  = 0xAF
)

// command builds a host command: always nine bytes, the high-byte scheme of the packets, no arguments.
func command(c byte) [9]byte { return [9]byte{0x7D, 0x81, c, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80} }

// greeting is the order of commands that works in every published session: stop what may be running, ask what it is, start.
var greeting = [...]byte{cmdStopUpload, cmdStop, cmdVersion, cmdHasPI, cmdModel, cmdID, cmdStart}
