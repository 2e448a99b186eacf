package main

import (
	"bufio"
	"io"
	"strings"
)

const longestLine = 16 << 20 // bytes; no event is longer than its run's log may be (RUN_LOG_MAX_BYTES)

// frame is one server-sent event as it came.
type frame struct {
	id    string // where to go on from, once this frame was taken; empty where it has none
	event string
	data  string
}

// frames reads a stream of server-sent events.
type frames struct {
	lines *bufio.Scanner
}

func framesOf(stream io.Reader) *frames {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	return &frames{lines}
}

// next is the next whole frame; what no blank line follows was cut, and is dropped. The error is io.EOF where the
// stream ended as HTTP says it may, which does not mean that the run has.
func (f *frames) next() (frame, error) {
	var found frame
	var data []string
	for f.lines.Scan() {
		line := f.lines.Text()
		if line == "" {
			found.data = strings.Join(data, "\n")
			if found != (frame{}) {
				return found, nil
			}
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name { // without a name it is a comment, and retry is for browsers
		case "id":
			found.id = value
		case "event":
			found.event = value
		case "data":
			data = append(data, value)
		}
	}
	if err := f.lines.Err(); err != nil {
		return frame{}, err
	}
	return frame{}, io.EOF
}
