// Asks Chainstream, shows what the run tells as it comes, and loses nothing to a bad network.
//
//	make run                                            # in the repository, in another terminal
//	cd examples/go
//	go run . "What is 37*43, and what time is it in Tokyo?"
//
// CHAINSTREAM_URL and CHAINSTREAM_KEY say where the service is and who asks; -chain names another chain,
// and -patience how long to go on trying where connections bring nothing. Ctrl-C cancels the run. The exit status is 0 where the run succeeded, and else 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	chain := flag.String("chain", "agent", "the chain to ask")
	patience := flag.Duration("patience", 30*time.Second, "how long to try where connections bring nothing")
	flag.Parse()
	question := strings.Join(flag.Args(), " ")
	if question == "" {
		question = "What is 37*43, and what time is it in Tokyo?"
	}
	service := os.Getenv("CHAINSTREAM_URL")
	if service == "" {
		service = "http://127.0.0.1:8000"
	}
	asked, err := ask(service, os.Getenv("CHAINSTREAM_KEY"), *chain, question)
	if err == nil {
		err = show(asked, *patience)
	}
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			err = fmt.Errorf("there is no service at %s: start it with `make run`, or set CHAINSTREAM_URL", service)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// show prints a run until it is over; an error where it did not succeed.
func show(asked *run, patience time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var shown screen
	defer shown.endLine()
	var last event
	err := asked.follow(ctx, patience, func(told event) {
		shown.show(told)
		last = told
	})
	if ctx.Err() != nil {
		asked.cancel()
		return errors.New("cancelled")
	}
	if err != nil {
		return err
	}
	switch last.kind {
	case "done":
		return nil
	case "error":
		return fmt.Errorf("%s: %s", last.Code, last.Message)
	case "cancelled":
		return fmt.Errorf("cancelled: %s", last.Reason)
	}
	return fmt.Errorf("the run waits for a person: answer it at %s/runs/%s/approvals", asked.service, asked.id)
}
