// Package exam is one visit of one patient as a pure state machine: events in; readings, commands and prompts out. It has no clock, no
// goroutine and no I/O. Time comes in the events; within a boot it is the time since boot, and across boots elapsed time is unknown.
//
//	patient -> blood-pressure -> oximetry -> temperature -> review -> done
//	      \________________________ cancelled ______________________/
//
// Beside the review stands respiration: breaths tapped over a full minute. Consciousness, oxygen and pregnancy are answered at the review. A visit that
// is over can be withdrawn whole, and a number in it that was typed can be corrected.
//
// Rules are those of the clinical rules (sections 1, 4, 5) and of the thermometers' measurement protocol (section 7). Where these leave
// room, the package decides:
//
//   - A number beyond the soft limits is accepted at once and marked questionable, because it may be urgent and what is accepted is safe.
//     The step then asks for a repeat. A repeat beyond the same limits confirms it and is accepted as it is; in oximetry and temperature
//     the repeat supersedes the first, in the blood pressure series both stand.
//   - A number beyond the hard limits is not believed. When the next one is beyond the same limit, a reading without numbers goes out,
//     urgent, with what the device said in its note. An exam counts only numbers whose device flags are clean apart from
//     vitals.Implausible, which says the same as the hard limits.
//   - The gap between inflations runs from the end of one to the start of the next. Inflations of an earlier boot, and one that a restart
//     interrupted, count as if they had ended when the visit was taken up again. Four in ten minutes are the most; in practice the ten
//     minutes shrink with the gap, to ten gaps.
//   - The mean of the last two blood pressures is a reading of its own. It is made by the event that completes the series or leaves the
//     step, with an id derived from that event's id, and remade when a retake changes the series. A reading entered by hand ends the
//     series and has no part in a mean.
//   - A step that is skipped with nothing accepted leaves a reading without numbers, "not performed", with the reason in its note.
//   - A visit never changes its patient: "wrong patient" retracts everything and cancels the visit.
//   - An oximeter that is silent for 1.5 s breaks the window; one second would break every window of a device that sends once a second.
//   - A band of age that an incomplete birth date leaves open is an unknown age.
package exam
