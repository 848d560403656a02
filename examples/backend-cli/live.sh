#!/usr/bin/env bash
# Prints the organization's readings as they are stored: live.sh [--count N]
set -euo pipefail
. "$(dirname "$0")/login.sh"

subject="orgs.$(value org_id).sites.*.devices.*.ders.*.telemetry.json.v1"
exec nats sub "$subject" --raw "${count[@]}" "${options[@]}"
