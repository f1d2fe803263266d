package guide

import (
	"fmt"
	"slices"
	"strings"

	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// look is how a prompt of the exam is shown.
type look struct {
	id, picture, tone, code string
	countdown               bool
}

// looks has every prompt of the exam.
var looks = map[string]look{
	exam.PromptIdentify: {id: "identify", picture: "badge"},

	exam.PromptRest:           {id: "bp-prep", picture: "seated", countdown: true},
	exam.PromptReady:          {id: "bp-prep", picture: "cuff"},
	exam.PromptMeasuring:      {id: "bp-run", picture: "cuff"},
	exam.PromptGap:            {id: "bp-prep", picture: "seated", countdown: true},
	exam.PromptInflationLimit: {id: "bp-prep", picture: "seated", countdown: true},
	exam.PromptRepeatIn5:      {id: "bp-result", picture: "doctor", tone: "urgent", countdown: true},
	exam.PromptCallDoctor:     {id: "bp-result", picture: "doctor", tone: "urgent"},
	exam.PromptBPDone:         {id: "bp-result", picture: "tick", tone: "good"},

	exam.PromptFingerIn:     {id: "spo2-prep", picture: "finger"},
	exam.PromptHoldStill:    {id: "spo2-live", picture: "finger", countdown: true},
	exam.PromptOximetryDone: {id: "spo2-result", picture: "tick", tone: "good"},

	exam.PromptPlaceProbe:      {id: "temp-prep", picture: "probe"},
	exam.PromptSettle:          {id: "temp-run", picture: "probe", countdown: true},
	exam.PromptReturnProbe:     {id: "temp-prep", picture: "holder"},
	exam.PromptLetProbeCool:    {id: "temp-prep", picture: "holder"},
	exam.PromptSurfaceOnly:     {id: "temp-prep", picture: "probe"},
	exam.PromptTemperatureDone: {id: "temp-result", picture: "tick", tone: "good"},

	exam.PromptCount:     {id: "count", picture: "respiration"},
	exam.PromptCounting:  {id: "counting", countdown: true},
	exam.PromptCountDone: {id: "count-result", picture: "tick", tone: "good"},

	exam.PromptReview:    {id: "review"},
	exam.PromptDone:      {id: "saved", picture: "tick", tone: "good"},
	exam.PromptCancelled: {id: "saved", picture: "door"},

	exam.PromptConfirm:      {id: "repeat", picture: "again", tone: "urgent"},
	exam.PromptNotBelieved:  {id: "repeat", picture: "again", tone: "fault", code: "E-RE-01"},
	exam.PromptCheckPatient: {id: "check-patient", picture: "doctor", tone: "urgent"},
	exam.PromptCheckNumber:  {id: "repeat", picture: "again", tone: "fault", code: "E-RE-02"},
	exam.PromptDeviceLost:   {id: "fault", picture: "plug", tone: "fault", code: "E-DV-01"},

	exam.RetryCuffLoose:   {id: "fault", picture: "cuff", tone: "fault", code: "E-BP-01"},
	exam.RetryCuffLeak:    {id: "fault", picture: "cuff", tone: "fault", code: "E-BP-02"},
	exam.RetryWeakPulse:   {id: "fault", picture: "cuff", tone: "fault", code: "E-BP-03"},
	exam.RetryKeepStill:   {id: "fault", picture: "seated", tone: "fault", code: "E-BP-04"},
	exam.RetryOutOfRange:  {id: "fault", picture: "cuff", tone: "fault", code: "E-BP-05"},
	exam.RetryTimedOut:    {id: "fault", picture: "cuff", tone: "fault", code: "E-BP-06"},
	exam.RetryCuffFault:   {id: "fault", picture: "plug", tone: "fault", code: "E-BP-07"},
	exam.RetryStopped:     {id: "fault", picture: "cuff", tone: "fault", code: "E-BP-08"},
	exam.RetryNoResult:    {id: "fault", picture: "cuff", tone: "fault", code: "E-BP-09"},
	exam.RetryHoldStill:   {id: "fault", picture: "finger", tone: "fault", code: "E-OX-01"},
	exam.RetryWeakSignal:  {id: "fault", picture: "finger", tone: "fault", code: "E-OX-02"},
	exam.RetryProbeMoved:  {id: "fault", picture: "probe", tone: "fault", code: "E-TE-01"},
	exam.RetryTemperature: {id: "fault", picture: "holder", tone: "fault", code: "E-TE-02"},
	exam.RetryCount:       {id: "fault", picture: "respiration", tone: "fault", code: "E-RR-01"},
}

// Prompts are the keys of all prompts that have a look.
func Prompts() (all []string) {
	for p := range looks {
		all = append(all, p)
	}
	slices.Sort(all)
	return all
}

// onExam is the screen of the visit itself.
func onExam(v View) Screen {
	l := looks[v.Visit.Prompt]
	c := Screen{
		ID: l.id, Title: "p." + v.Visit.Prompt + ".title", Body: "p." + v.Visit.Prompt + ".body", Picture: l.picture, Tone: l.tone, Code: l.code,
		Countdown: l.countdown && v.Visit.Countdown > 0, Step: rail(v.Visit.Step), Safe: l.tone == "fault" && len(v.Visit.Readings) > 0,
		Live: live(v.Visit),
	}
	switch {
	case v.Visit.Step == exam.StepReview:
		c.Cards, c.Score = cards(v.Visit.Readings), v.Visit.Score
	case l.tone == "good" || l.tone == "urgent":
		c.Cards = newest(v.Visit)
	}
	c.Primary, c.Secondary = buttons(v.Visit)
	if v.Visit.Breaths != nil {
		c.Primary, c.Secondary = Button{Do: "breath", Label: "act.breath", Icon: "respiration"}, []Button{c.Primary}
	}
	if v.Low && c.Primary.Do == exam.ActStartCuff {
		c.Body, c.Tone, c.Picture, c.Primary.Off, c.Safe = "p.low.body", "fault", "battery", true, len(v.Visit.Readings) > 0
	}
	waits := waits[v.Visit.Prompt] || v.Visit.Step == exam.StepBP && c.Primary.Do == exam.ActStartCuff // a start without a cuff leads nowhere
	if waits && slices.Contains(v.Lost, v.Visit.Step) {
		return c.missing(v.Visit)
	}
	return c
}

// waits are the prompts at which a device is about to be used.
var waits = map[string]bool{
	exam.PromptRest: true, exam.PromptReady: true, exam.PromptGap: true, exam.PromptFingerIn: true, exam.PromptPlaceProbe: true,
}

// missing is the screen of a step whose device is not there: it says so before anybody waits for it. The device is found as soon as it is
// plugged in; the way past it is to type the number, or to skip.
func (s Screen) missing(v *exam.View) Screen {
	l := looks[exam.PromptDeviceLost]
	s.ID, s.Picture, s.Tone, s.Code, s.Live, s.Countdown = "missing", l.picture, l.tone, l.code, "", false
	s.Title, s.Body, s.Safe = "p."+exam.PromptDeviceLost+".title", "p."+exam.PromptDeviceLost+".body", len(v.Readings) > 0
	if i := slices.IndexFunc(s.Secondary, func(b Button) bool { return b.Do == exam.ActByHand }); s.Primary.Do == exam.ActStartCuff && i >= 0 {
		s.Primary, s.Secondary = s.Secondary[i], slices.Delete(slices.Clone(s.Secondary), i, i+1)
	}
	return s
}

// live says what moves while a step measures.
func live(v *exam.View) string {
	switch {
	case v.Prompt == exam.PromptMeasuring:
		return "cuff"
	case v.Prompt == exam.PromptHoldStill || v.Prompt == exam.PromptFingerIn:
		return "oximetry"
	case v.Prompt == exam.PromptSettle || v.Prompt == exam.PromptPlaceProbe:
		return "temperature"
	case v.Breaths != nil:
		return "breaths"
	}
	return ""
}

var icons = map[string]string{
	exam.ActStartCuff: "play", exam.ActStopCuff: "stop", exam.ActNext: "next", exam.ActFinish: "tick", exam.ActByHand: "pen",
	exam.ActSkip: "skip", exam.ActRetake: "again", exam.ActWrongPatient: "wrong", exam.ActCancel: "door", exam.ActObserve: "more",
	exam.ActStartCount: "play", exam.ActStopCount: "stop",
}

// buttons puts the exam's main action first and offers three others, the ones that are wanted most. While the cuff is tight "stop" is the one
// in red; where there is only waiting the main button is the way past it.
func buttons(v *exam.View) (Button, []Button) {
	var all []Button
	for _, a := range v.Actions {
		b := Button{Do: a, Label: "act." + a, Icon: icons[a], Danger: a == exam.ActStopCuff}
		switch {
		case a == exam.ActIdentify:
			continue
		case a == exam.ActNext && slices.Contains(v.Actions, exam.ActStartCuff) && v.Prompt == exam.PromptRepeatIn5:
			b.Label = "act.next-anyway"
		}
		all = append(all, b)
	}
	if len(all) == 0 {
		return Button{Do: "back", Label: "back", Icon: "back"}, nil
	}
	wanted := func(b Button) int {
		return slices.Index([]string{exam.ActObserve, exam.ActByHand, exam.ActSkip, exam.ActRetake, exam.ActWrongPatient, exam.ActCancel}, b.Do)
	}
	primary, rest := all[0], all[1:]
	if v.Step == exam.StepReview {
		rest = slices.DeleteFunc(rest, func(b Button) bool { return b.Do == exam.ActCancel }) // finishing is the way out
	}
	slices.SortStableFunc(rest, func(a, b Button) int { return wanted(a) - wanted(b) })
	if len(rest) > 3 { // the way out stays
		rest = append(rest[:2:2], rest[len(rest)-1])
	}
	return primary, rest
}

// cards are the readings that stand: the mean of a blood pressure series in place of its members.
func cards(all []exam.Shown) (some []Card) {
	for _, kind := range []string{"blood-pressure", "oximetry", "temperature", "respiration", "condition"} {
		var last *exam.Shown
		for i := range all {
			r := &all[i]
			if r.Kind == kind && !r.Superseded && !r.Retracted {
				last = r
			}
		}
		if last != nil {
			some = append(some, cardsOf(last)...)
		}
	}
	return some
}

// newest are the cards of the step in hand.
func newest(v *exam.View) []Card {
	kind := string(v.Step)
	for i := len(v.Readings) - 1; i >= 0; i-- {
		if r := &v.Readings[i]; r.Kind == kind && !r.Superseded && !r.Retracted {
			return cardsOf(r)
		}
	}
	return nil
}

func cardsOf(r *exam.Shown) []Card {
	base := Card{ID: r.ID, Kind: "kind." + r.Kind, Icon: r.Kind, Urgent: r.Urgent, Doubted: r.Questionable != "", ByHand: r.Method == reading.ByHand, Absent: r.Absent != ""}
	if base.Urgent {
		base.Word = "urgent.word"
	}
	if base.Absent {
		base.Word = "absent." + string(r.Absent)
		return []Card{base}
	}
	switch {
	case r.BP != nil:
		base.Value, base.Unit = text(r.BP.Systolic.Get())+"/"+text(r.BP.Diastolic.Get()), "mmHg"
		if r.Mean {
			base.Kind = "kind.mean"
		}
		return []Card{base}
	case r.Oximetry != nil:
		pulse := base
		base.Value, base.Unit = text(r.Oximetry.SpO2.Get()), "%"
		pulse.Kind, pulse.Icon, pulse.Value, pulse.Unit = "kind.pulse", "heart", text(r.Oximetry.Pulse.Get()), "/min"
		return []Card{base, pulse}
	case r.Temperature != nil:
		base.Value, base.Unit = "--", "°C"
		if m, known := r.Temperature.Value.Get(); known {
			base.Value = fmt.Sprintf("%.1f", float64(m)/1000)
		}
		return []Card{base}
	case r.Respiration != nil:
		base.Value, base.Unit = text(r.Respiration.Rate.Get()), "/min"
		return []Card{base}
	case r.Condition != nil:
		return conditionCards(base, *r.Condition)
	}
	return nil
}

// conditionCards are the answers, each a card of one word.
func conditionCards(base Card, c vitals.Condition) (all []Card) {
	for _, a := range []struct {
		place Place
		value string
	}{{Awake, string(c.Consciousness)}, {Breathing, string(c.Breathing)}, {Pregnant, string(c.Pregnancy)}} {
		if a.value == "" || a.value == string(vitals.Air) || a.value == string(vitals.NotPregnant) {
			continue // the usual is not worth a card
		}
		card := base
		card.Kind, card.Icon = string(a.place)+"."+a.value, string(a.place)+"-"+a.value
		card.Urgent = base.Urgent && a.place == Awake
		if !card.Urgent {
			card.Word = ""
		}
		all = append(all, card)
	}
	return all
}

// text is a number, or two dashes for none.
func text[T ~int](n T, known bool) string {
	if !known {
		return "--"
	}
	return strings.TrimSpace(fmt.Sprint(int(n)))
}
