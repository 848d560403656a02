package main

import "context"

// live prints the organization's readings as they are stored.
func live(ctx context.Context, b *backEnd, count int) error {
	connection, err := b.connect()
	if err != nil {
		return err
	}
	defer connection.Close()
	subject := "orgs." + b.OrgID + ".sites.*.devices.*.ders.*.telemetry.json.v1"
	subscription, err := connection.SubscribeSync(subject)
	if err != nil {
		return err
	}
	for printed := 0; count == 0 || printed < count; printed++ {
		message, err := subscription.NextMsgWithContext(ctx)
		if err != nil {
			return err
		}
		if err := printReading(message.Data); err != nil {
			return err
		}
	}
	return nil
}
