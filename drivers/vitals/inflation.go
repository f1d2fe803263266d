package vitals

// Inflation is an order to a cuff: one run, one inflation.
type Inflation struct {
	First MmHg // first inflation; 0 is the device's own
	Who   Band // a child or an infant is measured in the device's mode for children, where it has one; a newborn's mode is never used
}

// Small says that the patient is to be measured as a child.
func (i Inflation) Small() bool { return i.Who == Infant || i.Who == Child }
