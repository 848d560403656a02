#!/usr/bin/env bash
# Prints readings of the last hour, then new ones; goes on where it ended: replay.sh [--count N]
set -euo pipefail
. "$(dirname "$0")/login.sh"

# REST takes the JWT as bearer token, and says which name a consumer has in NATS.
ask() { printf 'Authorization: Bearer %s' "$password" | curl --silent --show-error -H @- "$@"; }
nats_name() { sed -n 's/.*"consumer":"\([^"]*\)".*/\1/p'; }

# The hub keeps the consumer and its position: only the first run makes it.
consumers=$(value base_url)/nats/consumers
consumer=$(ask "$consumers/cli-example" | nats_name)
if [ -z "$consumer" ]; then
  since=$(node -p 'Date.now() - 3_600_000')
  wish="{\"name\": \"cli-example\", \"org_id\": \"$(value org_id)\", \"since\": $since}"
  consumer=$(ask --fail -H 'Content-Type: application/json' --data "$wish" "$consumers" | nats_name)
fi

# It acknowledges each reading that it has printed; without --count it prints one.
exec nats consumer next ENRICHED_TELEMETRY "$consumer" --raw "${count[@]}" "${options[@]}"
