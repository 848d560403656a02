// Command backend-go reads an organization's readings: live, or replayed by a consumer.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: backend-go live|replay [--count N]")
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	count := flags.Int("count", 0, "end after so many readings; 0: never")
	if err := flags.Parse(os.Args[2:]); err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], *count); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, mode string, count int) error {
	backEnd, err := readBackEnd()
	if err != nil {
		return err
	}
	switch mode {
	case "live":
		return live(ctx, backEnd, count)
	case "replay":
		return replay(ctx, backEnd, count)
	default:
		return fmt.Errorf("%q is neither live nor replay", mode)
	}
}
