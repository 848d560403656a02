package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	consumerName = "go-example"
	batch        = 50
	retry        = time.Second
)

// replay prints the readings of the last hour, then new ones; it goes on where it ended.
func replay(ctx context.Context, b *backEnd, count int) error {
	opened, err := b.openConsumer(ctx)
	if err != nil {
		return err
	}
	connection, err := b.connect()
	if err != nil {
		return err
	}
	defer connection.Close()
	// JetStream is in the hub's account, which a back end reaches as the domain "hub".
	stream, err := jetstream.NewWithDomain(connection, "hub")
	if err != nil {
		return err
	}
	consumer, err := stream.Consumer(ctx, opened.Stream, opened.Consumer)
	if err != nil {
		return err
	}
	for printed := 0; (count == 0 || printed < count) && ctx.Err() == nil; {
		// No more than are printed at once: what was delivered and not acknowledged comes again.
		wanted := batch
		if count > 0 {
			wanted = min(batch, count-printed)
		}
		done, err := printBatch(consumer, wanted)
		printed += done
		if err != nil {
			log.Printf("%v; trying again", err)
			time.Sleep(retry)
		}
	}
	return connection.Flush() // sends the acknowledgements that are still on their way
}

func printBatch(consumer jetstream.Consumer, wanted int) (printed int, err error) {
	messages, err := consumer.Fetch(wanted, jetstream.FetchMaxWait(2*time.Second))
	if err != nil {
		return 0, err
	}
	for message := range messages.Messages() {
		if err := printReading(message.Data()); err != nil {
			return printed, err
		}
		printed++
		if err := message.Ack(); err != nil {
			return printed, err
		}
	}
	return printed, messages.Error()
}

type openedConsumer struct {
	Stream   string `json:"stream"`
	Consumer string `json:"consumer"` // its name in NATS
}

// openConsumer makes the consumer in the first run; the hub keeps it and its position.
func (b *backEnd) openConsumer(ctx context.Context) (*openedConsumer, error) {
	found, status, err := b.ask(ctx, http.MethodGet, "/nats/consumers/"+consumerName, nil)
	if status != http.StatusNotFound {
		return found, err
	}
	wish := map[string]any{
		"name":   consumerName,
		"org_id": b.OrgID,
		"since":  time.Now().Add(-time.Hour).UnixMilli(),
	}
	made, _, err := b.ask(ctx, http.MethodPost, "/nats/consumers", wish)
	return made, err
}

func (b *backEnd) ask(
	ctx context.Context, method, path string, wish map[string]any,
) (*openedConsumer, int, error) {
	var body io.Reader
	if wish != nil {
		text, err := json.Marshal(wish)
		if err != nil {
			return nil, 0, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, b.BaseURL+path, body)
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+b.loginJWT())
	if wish != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return nil, response.StatusCode, fmt.Errorf("%s %s was answered %s", method, path, response.Status)
	}
	var opened openedConsumer
	err = json.NewDecoder(response.Body).Decode(&opened)
	return &opened, response.StatusCode, err
}
