package thermometer

import (
	"encoding/binary"
	"fmt"

	"nabz/drivers/vitals"
)

// Dump gives what the temperature registers in t said, in order, for whoever looks at a capture that this package's drivers did not make.
// Nothing is asked for and no gate is passed, so every number is flagged not-settled; one whose checksum is wrong, that the chip doubts, or
// that no body has is flagged and left out. Of an MLX90614 the object counts. An MLX90632 cannot be read so: its registers mean nothing
// without all of its calibration.
func (t *Transcript) Dump(c Chip, each func(vitals.Sample) error) error {
	decode, ok := map[Chip]func(addr uint16, reg byte, data []byte) (vitals.Sample, bool){
		ChipTMP117: dumpTMP117, ChipMAX30205: dumpMAX30205, ChipMLX90614: dumpMLX90614,
	}[c]
	if !ok {
		return fmt.Errorf("transcript: registers of %s cannot be read one by one", c)
	}
	for i, l := range t.lines {
		if l.what != '<' || i == 0 || t.lines[i-1].what != '>' || t.lines[i-1].addr != l.addr || len(t.lines[i-1].data) != 1 {
			continue
		}
		s, ok := decode(l.addr, t.lines[i-1].data[0], l.data)
		if !ok {
			continue
		}
		s.Flags |= vitals.NotSettled
		if err := each(s); err != nil {
			return err
		}
	}
	return nil
}

// First is the address of the first line, or 0.
func (t *Transcript) First() uint16 {
	if len(t.lines) == 0 {
		return 0
	}
	return t.lines[0].addr
}

func dumpTMP117(_ uint16, reg byte, data []byte) (vitals.Sample, bool) {
	if reg != tmp117Temperature || len(data) != 2 {
		return vitals.Sample{}, false
	}
	return decodeTMP117(binary.BigEndian.Uint16(data), ""), true
}

func dumpMAX30205(_ uint16, reg byte, data []byte) (vitals.Sample, bool) {
	if reg != max30205Temperature || len(data) != 2 {
		return vitals.Sample{}, false
	}
	return decodeMAX30205(binary.BigEndian.Uint16(data), ""), true
}

func dumpMLX90614(addr uint16, reg byte, data []byte) (vitals.Sample, bool) {
	if reg != mlx90614Object || len(data) != 2 && len(data) != 3 {
		return vitals.Sample{}, false
	}
	if len(data) == 3 && pec(addr, reg, data[0], data[1]) != data[2] {
		return flagged("", vitals.Surface, vitals.Hardware), true
	}
	v, ok := decodeMLX90614(binary.LittleEndian.Uint16(data))
	if !ok {
		return flagged("", vitals.Surface, vitals.Hardware), true
	}
	s := flagged("", vitals.Surface, 0)
	s.Temperature.Value = vitals.Some(v)
	return s, true
}
