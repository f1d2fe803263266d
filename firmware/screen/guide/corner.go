package guide

import "slices"

// The technician's corner.
const (
	Corner         Place = "corner"
	CornerCheck    Place = "corner-check"
	CornerDevices  Place = "corner-devices"
	CornerLink     Place = "corner-link"
	CornerQueue    Place = "corner-queue"
	CornerWorkers  Place = "corner-workers"
	CornerWorker   Place = "corner-worker" // one of them
	CornerNew      Place = "corner-new"    // the number of a new one
	CornerGiven    Place = "corner-given"  // a first PIN or a badge, shown once
	CornerExported Place = "corner-exported"
)

// rooms are the corner's places that its first screen leads to, with their pictures.
var rooms = []struct {
	place Place
	icon  string
}{
	{CornerCheck, "tick"}, {CornerDevices, "plug"}, {CornerLink, "online"}, {CornerQueue, "list"}, {CornerWorkers, "person"}, {CornerExported, "export"},
}

// room goes to another place of the corner.
func (s Session) room(p Place) Session {
	s.Corner, s.Typed, s.Why, s.Given = p, "", "", ""
	return s
}

func (s Session) corner(v View, t Tap) (Session, Call) {
	switch t.Do {
	case "digit":
		if s.Corner == CornerNew {
			return s.digit(t.Value, 4), nil
		}
		return s, nil
	case "erase":
		return s.erase(), nil
	case "back":
		return s.cornerBack(), nil
	}
	switch s.Corner {
	case Corner:
		return s.cornerHome(v, t)
	case CornerQueue:
		if t.Do == "release" && v.Parked > 0 {
			return s, ReleaseAll{}
		}
	case CornerWorkers, CornerWorker, CornerNew:
		return s.cornerWorkers(v, t)
	}
	return s, nil
}

func (s Session) cornerBack() Session {
	switch s.Corner {
	case Corner:
		return s
	case CornerWorker, CornerNew, CornerGiven:
		return s.room(CornerWorkers)
	}
	return s.room(Corner)
}

func (s Session) cornerHome(v View, t Tap) (Session, Call) {
	switch t.Do {
	case "room":
		for _, r := range rooms {
			switch {
			case string(r.place) != t.Value:
			case r.place == CornerExported:
				return s.room(CornerExported), Export{}
			case r.place == CornerCheck:
				return s.room(CornerCheck), Check{}
			default:
				s.Page = 0
				return s.room(r.place), nil
			}
		}
	case "both":
		s.Both = !s.Both
		return s, nil
	case "pin":
		s.Corner = ""
		return s.ask(NewPIN, technicianNumber), nil
	case "leave-corner":
		s = s.room("")
		if v.Visit != nil {
			return s.ask(Staff, ""), SignOut{technicianNumber}
		}
		return s.out(), SignOut{technicianNumber}
	}
	return s, nil
}

// perPage is how many things a list shows at once.
const perPage = 5

func (s Session) cornerWorkers(v View, t Tap) (Session, Call) {
	i := slices.IndexFunc(v.Workers, func(a Account) bool { return a.Number == s.Of })
	switch t.Do {
	case "worker":
		s.Of = t.Value
		return s.room(CornerWorker), nil
	case "new":
		return s.room(CornerNew), nil
	case "more":
		if s.Page++; s.Page*perPage >= len(v.Workers) {
			s.Page = 0
		}
		return s, nil
	case "next":
		if s.Corner == CornerNew && s.Typed != "" {
			return s, NewWorker{s.Typed}
		}
	}
	if s.Corner != CornerWorker || i < 0 {
		return s, nil
	}
	switch t.Do {
	case "reset":
		return s, ResetPIN{s.Of}
	case "badge":
		return s, IssueBadge{s.Of}
	case "lock-out":
		return s, LockOut{s.Of, !v.Workers[i].Left}
	}
	return s, nil
}

// Gave is the session after the kiosk gave something to show once; of names the worker.
func (s Session) Gave(of, what string) Session {
	s = s.room(CornerGiven)
	s.Of, s.Given = of, what
	return s
}

// Exported is the session after the kiosk wrote what the technician takes along; where is empty when it could not.
func (s Session) Exported(where string) Session {
	s = s.room(CornerExported)
	s.Given = where
	return s
}

// Unmade is the session after an account could not be made.
func (s Session) Unmade() Session {
	s = s.room(CornerNew)
	s.Why = "corner-new.refused"
	return s
}

func (s Session) onCorner(v View) Screen {
	back := Button{Do: "back", Label: "back", Icon: "back"}
	name := string(s.Corner)
	c := Screen{ID: name, Title: name + ".title", Body: name + ".body", Primary: back}
	if s.Why != "" {
		c.Body, c.Tone = s.Why, "fault"
	}
	switch s.Corner {
	case Corner:
		for _, r := range rooms {
			c.Choices = append(c.Choices, Button{Do: "room", Value: string(r.place), Label: string(r.place) + ".title", Icon: r.icon})
		}
		c.Primary = Button{Do: "leave-corner", Label: "leave-corner", Icon: "door"}
		both := Button{Do: "both", Label: "both.on", Icon: "speech"}
		if s.Both {
			both.Label = "both.off"
		}
		c.Secondary = []Button{both, {Do: "pin", Label: "change-pin", Icon: "lock"}}
	case CornerCheck:
		if v.Checking {
			c.Body = "corner-check.running"
		}
	case CornerQueue:
		if v.Parked > 0 {
			c.Secondary = []Button{{Do: "release", Label: "release", Icon: "again"}}
		}
	case CornerWorkers:
		return s.onWorkers(v, c, back)
	case CornerWorker:
		return s.onWorker(v, c)
	case CornerNew:
		c.Pad = &Pad{Label: "staff.pad", Typed: s.Typed}
		c.Primary, c.Secondary = Button{Do: "next", Label: "next", Icon: "next", Off: s.Typed == ""}, []Button{back}
	case CornerGiven:
		c.Who, c.Given = s.Of, s.Given
	case CornerExported:
		c.Given = s.Given
		if s.Given == "" {
			c.Body, c.Tone = "corner-exported.failed", "fault"
		}
	}
	return c
}

func (s Session) onWorkers(v View, c Screen, back Button) Screen {
	from := min(s.Page*perPage, len(v.Workers))
	for _, a := range v.Workers[from:min(from+perPage, len(v.Workers))] {
		b := Button{Do: "worker", Value: a.Number, Text: a.Number, Icon: "badge"}
		if a.Left {
			b.Icon = "cross"
		}
		c.Choices = append(c.Choices, b)
	}
	c.Primary = Button{Do: "new", Label: "corner-new.title", Icon: "person"}
	c.Secondary = []Button{back}
	if len(v.Workers) > perPage {
		c.Secondary = append(c.Secondary, Button{Do: "more", Label: "more-rows", Icon: "next"})
	}
	return c
}

func (s Session) onWorker(v View, c Screen) Screen {
	c.Who = s.Of
	left := Button{Do: "lock-out", Label: "worker.lock-out", Icon: "cross", Danger: true}
	for _, a := range v.Workers {
		if a.Number == s.Of && a.Left {
			left = Button{Do: "lock-out", Label: "worker.let-in", Icon: "tick"}
			c.Body = "corner-worker.left"
		}
	}
	c.Secondary = []Button{{Do: "reset", Label: "worker.reset", Icon: "lock"}, {Do: "badge", Label: "worker.badge", Icon: "badge"}, left}
	return c
}
