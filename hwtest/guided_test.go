package hwtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// script is a person who answers each sentence in which a part stands.
type script struct {
	lines chan string
	said  []string
	reply func(text string) (string, bool)
}

func (s *script) say(text string) {
	s.said = append(s.said, text)
	if line, ok := s.reply(text); ok {
		go func() { s.lines <- line }()
	}
}

// outcomes is a step that gives one result after another.
func outcomes(name string, results ...Verdict) Step {
	n := 0
	return Step{name, "Step " + name, "Do " + name + ".", func(context.Context, *Person) Result {
		v := results[min(n, len(results)-1)]
		if n++; v == Pass {
			return passed()
		}
		return failed("it failed", "mend it")
	}}
}

// TestGuide: a step that fails is done again, taken as it is, or left for the one before; the newest result counts.
func TestGuide(t *testing.T) {
	for name, c := range map[string]struct {
		steps   []Step
		answers []string // to what is asked after a failure, in order
		want    string
	}{
		"all good":               {[]Step{outcomes("a", Pass), outcomes("b", Pass)}, nil, "a pass, b pass"},
		"again, and good":        {[]Step{outcomes("a", Fail, Fail, Pass), outcomes("b", Pass)}, []string{"", ""}, "a pass, b pass"},
		"taken as it is":         {[]Step{outcomes("a", Fail), outcomes("b", Pass)}, []string{"s"}, "a fail, b pass"},
		"one back, and good":     {[]Step{outcomes("a", Pass), outcomes("b", Fail, Pass)}, []string{"b"}, "a pass, b pass"},
		"one back, and worse":    {[]Step{outcomes("a", Pass, Fail), outcomes("b", Fail, Pass)}, []string{"b", "s"}, "a fail, b pass"},
		"stopped":                {[]Step{outcomes("a", Fail), outcomes("b", Pass)}, []string{"q"}, "a fail, b skipped"},
		"back at the first":      {[]Step{outcomes("a", Fail, Pass), outcomes("b", Pass)}, []string{"b"}, "a pass, b pass"},
		"nonsense is once again": {[]Step{outcomes("a", Fail, Pass)}, []string{"hello"}, "a pass"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{lines: make(chan string)}
			s.reply = func(text string) (string, bool) {
				if !strings.Contains(text, "try again") {
					return "", false
				}
				line := c.answers[0]
				c.answers = c.answers[1:]
				return line, true
			}
			var got []string
			for _, row := range Guide(t.Context(), c.steps, &Person{s.lines, s.say}) {
				got = append(got, fmt.Sprintf("%s %s", row.Name, row.Verdict))
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("%s, want %s", text, c.want)
			}
		})
	}
}

// TestGuideInAStep: a step that waits for what does not come can be left, and a question can be answered wrongly.
func TestGuideInAStep(t *testing.T) {
	waits := Step{"waits", "It waits.", "Do it.", func(ctx context.Context, p *Person) Result {
		<-ctx.Done()
		return failed("nothing came", "look")
	}}
	asks := Step{"asks", "It asks.", "Watch.", func(ctx context.Context, p *Person) Result {
		return p.judged(ctx, "Did it?", "no", "look")
	}}
	for name, c := range map[string]struct {
		steps   []Step
		answers map[string][]string // by a part of what was said
		want    string
	}{
		"left out":                    {[]Step{waits, asks}, map[string][]string{"It waits": {"s"}, "Did it": {"y"}}, "waits skipped, asks pass"},
		"not understood, then no":     {[]Step{asks}, map[string][]string{"Did it": {"perhaps", "n"}, "try again": {"s"}}, "asks fail"},
		"stopped at a question":       {[]Step{asks, waits}, map[string][]string{"Did it": {"q"}}, "asks skipped, waits skipped"},
		"back from a step that waits": {[]Step{asks, waits}, map[string][]string{"Did it": {"y", "y"}, "It waits": {"b", "s"}}, "asks pass, waits skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{lines: make(chan string)}
			s.reply = func(text string) (string, bool) {
				for part, all := range c.answers {
					if strings.Contains(text, part) && len(all) > 0 {
						c.answers[part] = all[1:]
						return all[0], true
					}
				}
				return "", false
			}
			var got []string
			for _, row := range Guide(t.Context(), c.steps, &Person{s.lines, s.say}) {
				got = append(got, fmt.Sprintf("%s %s", row.Name, row.Verdict))
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("%s, want %s\n%s", text, c.want, strings.Join(s.said, "\n"))
			}
		})
	}
}

// TestTerminalGone: a terminal that is closed stops the check, and what was not reached is left out.
func TestTerminalGone(t *testing.T) {
	lines := make(chan string)
	close(lines)
	rows := Guide(t.Context(), []Step{{"a", "", "", func(ctx context.Context, _ *Person) Result { <-ctx.Done(); return passed() }}, outcomes("b", Pass)}, &Person{lines, func(string) {}})
	if rows[0].Verdict != Skipped || rows[1].Verdict != Skipped {
		t.Errorf("%+v", rows)
	}
}

// TestFlow: whatever a person wants, the flow stays within its steps, goes on by one at most, and what was done keeps its newest result.
func TestFlow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f Flow
		newest := map[int]Verdict{}
		for range rapid.IntRange(1, 60).Draw(t, "moves") {
			row := Row{Result: Result{Verdict: rapid.SampledFrom([]Verdict{Pass, Fail, Skipped}).Draw(t, "verdict")}}
			m := rapid.SampledFrom([]Move{Go, Skip, Back}).Draw(t, "move")
			again := m == Go && rapid.Bool().Draw(t, "again")
			if m != Back || row.Verdict != Skipped {
				newest[f.At] = row.Verdict
			}
			at := f.At
			f = f.After(row, m, again)
			switch {
			case f.At < 0 || f.At > at+1 || f.At < at-1:
				t.Fatalf("from %d to %d", at, f.At)
			case again && f.At != at, m == Back && f.At != max(0, at-1), m == Skip && f.At != at+1:
				t.Fatalf("%q, again %t: from %d to %d", m, again, at, f.At)
			}
			for i, v := range newest {
				if f.Rows[i].Verdict != v {
					t.Fatalf("step %d is %q, and was %q last", i, f.Rows[i].Verdict, v)
				}
			}
		}
	})
}
