# To be sourced: logs `nats` in as the integration that create-integration.mjs has made.
# The password stays in the environment: on the command line everybody on the machine could read it.

here=$(dirname "${BASH_SOURCE[0]}")
data=${NOVACORE_DATA_DIR:-$here/../../.novacore}
[ -r "$data/back-end.json" ] || { echo "There is no $data/back-end.json; run create-integration.mjs first." >&2; exit 1; }
value() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" "$data/back-end.json"; }

integration=$(value integration_id)
# Good for ten minutes; a connection outlives it.
password=$(node "$here/../mosquitto/login-jwt.mjs" "$integration" "$data/back-end-key.pem")
export NATS_URL NATS_USER=$integration NATS_PASSWORD=$password
NATS_URL=$(value nats_url)

count=()
if [ "${1:-}" = --count ]; then count=(--count "$2"); fi
# JetStream is in the hub's account, which a back end reaches as the domain "hub".
options=(--inbox-prefix "_INBOX_$integration" --js-domain hub)
