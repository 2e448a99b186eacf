package main

import "encoding/json"

// event is what a run tells, with the fields that this program shows; docs/protocol.md has all of them.
type event struct {
	kind        string
	RunID       string `json:"run_id"`
	Model       string `json:"model"`
	Channel     string `json:"channel"`
	Text        string `json:"text"`
	Name        string `json:"name"`
	Input       any    `json:"input"`
	Output      any    `json:"output"`
	InterruptID string `json:"interrupt_id"`
	Value       any    `json:"value"`
	Code        string `json:"code"`
	Message     string `json:"message"`
	Reason      string `json:"reason"`
	NextModel   string `json:"next_model"`
	FirstMs     int    `json:"ttft_ms"`
	DurationMs  int    `json:"duration_ms"`
	Usage       struct {
		OutputTokens int `json:"output_tokens"`
	} `json:"usage"`
	Snapshot struct {
		Messages []struct {
			Channel string `json:"channel"`
			Text    string `json:"text"`
		} `json:"messages"`
	} `json:"snapshot"`
}

// eventIn reads a frame's event. What has another type than here is of an event that this program does not know.
func eventIn(frame frame) event {
	told := event{kind: frame.event}
	_ = json.Unmarshal([]byte(frame.data), &told)
	return told
}

// endsStream says whether a stream is over with this event; one that ends without such an event was cut.
func (e event) endsStream() bool {
	switch e.kind {
	case "done", "error", "cancelled", "paused":
		return true
	}
	return false
}
