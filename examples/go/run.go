package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	silence      = 40 * time.Second // two and a half pings: then the connection is dead
	firstPause   = 100 * time.Millisecond
	longestPause = 3 * time.Second
)

var errCut = errors.New("the stream was cut off, and could not be gone on with")

// refusal is an answer that another try would not change.
type refusal struct {
	status int
	detail string
}

func (r refusal) Error() string { return fmt.Sprintf("HTTP %d: %s", r.status, r.detail) }

// run is one question to the service, over however many connections it takes.
type run struct {
	service string // http://127.0.0.1:8000
	key     string
	body    string
	once    string // the Idempotency-Key: sent twice, the question starts one run
	id      string
	last    string // the id of the last event that was taken
	client  *http.Client
}

// ask prepares the question; nothing is sent yet.
func ask(service, key, chain, question string) (*run, error) {
	address, err := url.Parse(service)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return nil, fmt.Errorf("%q is no address of a service", service)
	}
	body, _ := json.Marshal(map[string]string{"chain": chain, "input": question})
	once := make([]byte, 16)
	_, _ = rand.Read(once)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // what is compressed comes in blocks
	return &run{
		service: strings.TrimSuffix(service, "/"),
		key:     key,
		body:    string(body),
		once:    hex.EncodeToString(once),
		client:  &http.Client{Transport: transport},
	}, nil
}

// follow hands each event to take once, in order, until the run is over or waits for a person. A connection that
// ends before that is followed by another, from the last event on; errCut where that brings nothing new for so long.
func (r *run) follow(ctx context.Context, patience time.Duration, take func(event)) error {
	heard, wait := time.Now(), firstPause
	for {
		before := r.last
		over, err := r.read(ctx, take)
		if over || ctx.Err() != nil {
			return ctx.Err()
		}
		var refused refusal
		if errors.As(err, &refused) || r.last == "" && errors.Is(err, syscall.ECONNREFUSED) {
			return err
		}
		if r.last != before {
			heard, wait = time.Now(), firstPause
			continue
		}
		if time.Since(heard) > patience {
			return fmt.Errorf("%w: %v", errCut, err)
		}
		pause(ctx, wait)
		if wait *= 2; wait > longestPause {
			wait = longestPause
		}
	}
}

// read takes what one connection brings, and says whether the run is over with it.
func (r *run) read(ctx context.Context, take func(event)) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	alarm := time.AfterFunc(silence, cancel)
	defer alarm.Stop()
	response, err := r.open(ctx)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNoContent {
		return true, nil // nothing comes after the last event
	}
	if response.StatusCode != http.StatusOK {
		return false, refusalOf(response)
	}
	reading := framesOf(response.Body)
	for {
		frame, err := reading.next()
		if err != nil {
			return false, err
		}
		alarm.Reset(silence)
		if !r.isNew(frame) {
			continue
		}
		told := eventIn(frame)
		take(told)
		if told.endsStream() {
			return true, nil
		}
	}
}

// isNew says whether a frame has an event that was not taken yet, and remembers its id.
func (r *run) isNew(frame frame) bool {
	if frame.id != "" {
		if frame.event != "gap" && seqOf(frame.id) <= seqOf(r.last) {
			return false
		}
		r.last = frame.id
		r.id, _, _ = strings.Cut(frame.id, ".")
	}
	return frame.data != ""
}

// open starts the run, or goes on with it once there is something to go on from.
func (r *run) open(ctx context.Context) (*http.Response, error) {
	if r.last != "" {
		return r.send(ctx, http.MethodGet, "/runs/"+r.id+"/events", "", "Last-Event-ID", r.last)
	}
	return r.send(ctx, http.MethodPost, "/runs/stream", r.body, "Idempotency-Key", r.once)
}

// cancel ends the run for good, since nobody will come back for it.
func (r *run) cancel() {
	if r.id == "" {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	if response, err := r.send(ctx, http.MethodPost, "/runs/"+r.id+"/cancel", "", "Accept", "*/*"); err == nil {
		response.Body.Close()
	}
}

func (r *run) send(ctx context.Context, method, path, body, header, value string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, r.service+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set(header, value)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		request.Header.Set("Authorization", "Bearer "+r.key)
	}
	return r.client.Do(request)
}

// seqOf is the number of an event in its run: ids are <run_id>.<attempt>.<seq>.
func seqOf(id string) int {
	seq, err := strconv.Atoi(id[strings.LastIndex(id, ".")+1:])
	if err != nil {
		return -1
	}
	return seq
}

// refusalOf is what a status says: a refusal, or an error of another kind where it is worth to come back.
func refusalOf(response *http.Response) error {
	said, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	problem := struct {
		Detail string `json:"detail"`
	}{strings.TrimSpace(string(said))}
	_ = json.Unmarshal(said, &problem)
	refused := refusal{response.StatusCode, problem.Detail}
	if response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500 {
		return errors.New(refused.Error())
	}
	return refused
}

func pause(ctx context.Context, long time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(long):
	}
}
