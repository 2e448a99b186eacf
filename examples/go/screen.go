package main

import (
	"encoding/json"
	"fmt"
)

// screen prints a run's events for a person.
type screen struct {
	midLine bool
}

// show prints what a person wants to see of an event; of others nothing.
func (s *screen) show(told event) {
	switch told.kind {
	case "token":
		if told.Channel == "answer" {
			s.write(told.Text)
		}
	case "tool_start":
		s.line("→ %s %s", told.Name, asJSON(told.Input))
	case "tool_end":
		s.line("← %s %s", told.Name, asJSON(told.Output))
	case "tool_error":
		s.line("✗ %s %s", told.Name, told.Message)
	case "approval":
		s.line("? %s %s", told.InterruptID, asJSON(told.Value))
	case "restart":
		s.line("[%s: what it said counts no more, %s answers]", told.Reason, told.NextModel)
	case "gap": // a terminal takes nothing back, so what counts is printed anew
		s.line("[events were lost; the answer so far:]")
		for _, message := range told.Snapshot.Messages {
			if message.Channel == "answer" {
				s.write(message.Text)
			}
		}
	case "done":
		s.line("— %d tokens, the first after %d ms, all in %d ms",
			told.Usage.OutputTokens, told.FirstMs, told.DurationMs)
	}
}

func (s *screen) write(text string) {
	if text != "" {
		fmt.Print(text)
		s.midLine = text[len(text)-1] != '\n'
	}
}

func (s *screen) line(format string, values ...any) {
	s.endLine()
	fmt.Printf(format+"\n", values...)
}

func (s *screen) endLine() {
	if s.midLine {
		fmt.Println()
	}
	s.midLine = false
}

func asJSON(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	said, _ := json.Marshal(value)
	return string(said)
}
