package exam

import "nabz/drivers/vitals"

// The prompts: what a visit waits for or says, as stable keys that screens and voices translate.
const (
	PromptIdentify = "identify" // who is it?

	PromptRest           = "rest"            // seated; counts down
	PromptReady          = "ready"           // cuff on, then press start
	PromptMeasuring      = "measuring"       // the cuff works
	PromptGap            = "gap"             // before the next inflation; counts down
	PromptInflationLimit = "inflation-limit" // four in ten minutes; counts down
	PromptRepeatIn5      = "repeat-in-5-min" // at 180/110 or above; counts down, starting earlier is possible
	PromptCallDoctor     = "call-doctor"     // at 180/110 or above again
	PromptBPDone         = "bp-done"

	PromptFingerIn     = "finger-in"
	PromptHoldStill    = "hold-still" // counts down the rest of the steady window
	PromptOximetryDone = "oximetry-done"

	PromptPlaceProbe      = "place-probe"
	PromptSettle          = "settle"
	PromptReturnProbe     = "return-probe"   // a result of before this step is still showing
	PromptLetProbeCool    = "let-probe-cool" // a contact probe above 33 °C at its start
	PromptSurfaceOnly     = "surface-only"   // this thermometer measures skin: not a body temperature
	PromptTemperatureDone = "temperature-done"

	PromptCount     = "count"      // look at the chest, then press start
	PromptCounting  = "counting"   // a tap for each breath; counts down the minute
	PromptCountDone = "count-done" //

	PromptReview    = "review"
	PromptDone      = "done"
	PromptCancelled = "cancelled"

	PromptConfirm      = "repeat-confirm"      // outside the usual range: measure again to confirm
	PromptNotBelieved  = "repeat-not-believed" // beyond what can be believed: measure again at once
	PromptCheckPatient = "check-patient"       // beyond it twice: check the patient, call the doctor
	PromptCheckNumber  = "check-number"        // typed, and beyond what can be believed
	PromptDeviceLost   = "device-lost"

	RetryCuffLoose   = "retry-cuff-loose"
	RetryCuffLeak    = "retry-cuff-leak"
	RetryWeakPulse   = "retry-weak-pulse"
	RetryKeepStill   = "retry-keep-still"
	RetryOutOfRange  = "retry-out-of-range"
	RetryTimedOut    = "retry-timed-out"
	RetryCuffFault   = "retry-cuff-fault"
	RetryStopped     = "retry-stopped"
	RetryNoResult    = "retry-no-result"
	RetryHoldStill   = "retry-hold-still"  // no steady oximeter window in 60 s
	RetryWeakSignal  = "retry-weak-signal" // cold, nail polish, henna: another finger
	RetryProbeMoved  = "retry-probe-moved"
	RetryTemperature = "retry-temperature"
	RetryCount       = "retry-count" // nobody breathes like that
)

// cuffFaults says which prompt a cuff's conditions ask for, the first that is set.
var cuffFaults = []struct {
	flag   vitals.Flags
	prompt string
}{
	{vitals.CuffLoose, RetryCuffLoose},
	{vitals.CuffLeak, RetryCuffLeak},
	{vitals.Hardware | vitals.Blockage | vitals.Overpressure, RetryCuffFault},
	{vitals.Artifact | vitals.Saturated | vitals.OutOfTrack, RetryKeepStill},
	{vitals.WeakPulse | vitals.SearchTimeout, RetryWeakPulse},
	{vitals.OutOfRange | vitals.Implausible, RetryOutOfRange},
	{vitals.TimedOut, RetryTimedOut},
	{vitals.Aborted, RetryStopped},
}

func cuffFault(f vitals.Flags) string {
	for _, c := range cuffFaults {
		if f.Any(c.flag) {
			return c.prompt
		}
	}
	return RetryNoResult
}
