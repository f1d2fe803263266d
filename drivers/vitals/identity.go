package vitals

// Identity is what a device tells of itself over its own wire; what it does not tell is empty. It goes into every reading, so that a
// doubtful number can be followed to the unit and the firmware that made it.
type Identity struct {
	Manufacturer string `json:"manufacturer,omitempty"`
	Model        string `json:"model,omitempty"`
	Serial       string `json:"serial,omitempty"`
	Firmware     string `json:"firmware,omitempty"`
}
