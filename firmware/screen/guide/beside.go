package guide

import (
	"slices"

	"nabz/firmware/exam"
)

// onVisit is the visit, or what stands beside it.
func (s Session) onVisit(v View) Screen {
	back := Button{Do: "back", Label: "back", Icon: "back"}
	c := Screen{ID: string(s.Place), Title: string(s.Place) + ".title", Body: string(s.Place) + ".body", Step: rail(v.Visit.Step), Primary: back}
	switch s.Place {
	case Skip:
		for _, r := range exam.SkipReasons() {
			c.Choices = append(c.Choices, Button{Do: "reason", Value: string(r), Label: "skip." + string(r), Icon: "skip-" + string(r)})
		}
	case Retake:
		for _, k := range v.Visit.Retakes {
			c.Choices = append(c.Choices, Button{Do: "kind", Value: k, Label: "kind." + k, Icon: k})
		}
	case ByHand:
		return s.onByHand(v, c, back)
	case Site:
		for _, at := range sites {
			c.Choices = append(c.Choices, Button{Do: "site", Value: string(at), Label: "site." + string(at), Icon: "site-" + string(at)})
		}
	case More, Awake, Breathing, Pregnant:
		return s.onMore(c, back)
	case Wrong:
		c.Picture, c.Tone, c.Who, c.Secondary = "wrong", "fault", v.Number, []Button{{Do: "sure", Label: "wrong.sure", Icon: "cross", Danger: true}}
	case Cancel:
		c.Picture, c.Tone, c.Safe, c.Secondary = "door", "fault", true, []Button{{Do: "sure", Label: "cancel.sure", Icon: "cross", Danger: true}}
	default:
		return onExam(v)
	}
	return c
}

func (s Session) onByHand(v View, c Screen, back Button) Screen {
	asked := Asked(v.Visit.Step)
	if len(s.Fields) >= len(asked) {
		return onExam(v)
	}
	field := asked[len(s.Fields)]
	c.Title, c.Body, c.Pad = "hand.title", "hand.body", padFor(field, s.Typed)
	c.Primary, c.Secondary = Button{Do: "next", Label: "next", Icon: "next", Off: s.Typed == "" && field != "pulse"}, []Button{back}
	return c
}

func padFor(field, typed string) *Pad {
	pad := &Pad{Label: "hand." + field, Typed: typed, Unit: units[field]}
	if field == "temperature" {
		pad.Fixed = 1
	}
	return pad
}

var units = map[string]string{"systolic": "mmHg", "diastolic": "mmHg", "pulse": "/min", "spo2": "%", "temperature": "°C", "respiration": "/min"}

func rail(step exam.Step) int {
	if step == exam.StepRespiration {
		step = exam.StepReview
	}
	return 1 + slices.Index([]exam.Step{exam.StepPatient, exam.StepBP, exam.StepOximetry, exam.StepTemperature, exam.StepReview}, step)
}
