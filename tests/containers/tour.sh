#!/bin/sh
# Runs the README's curl tour word for word against a running Sentinela that has no user `ana` yet, then checks what
# else a fresh installation must do. Needs sh, curl, awk and python3. BASE_URL says where it is.
set -eu
BASE_URL=${BASE_URL:-http://localhost:8000}
README=$(dirname "$0")/../../README.md

# Every curl fails on an error status, and then shows the answer.
curl() { command curl --fail-with-body --silent --show-error --max-time 30 "$@"; }
pick() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
say() { printf '\n\n== %s\n' "$1"; }
stop() { printf 'tour: %s\n' "$1" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || stop "$1: expected $2, got $3"; }

say "The README's tour"
# The code block that names the URL is the tour; its URL alone is replaced.
TOUR=$(awk '/^```/ { if (inside && text ~ /\nURL=/) { print text; exit } inside = !inside; text = "\n"; next }
            inside { text = text $0 "\n" }' "$README" | sed "s|^URL=.*|URL='$BASE_URL'|")
[ -n "$TOUR" ] || stop "no code block of README.md sets URL"
TOKEN='' ULID='' KEY=''
eval "$TOUR"
if [ -z "$TOKEN" ] || [ -z "$ULID" ] || [ -z "$KEY" ]; then stop "the README's tour does not set TOKEN, ULID and KEY"; fi

# What the tour found out, as headers.
AS_ANA="Authorization: Bearer $TOKEN"
AS_SERVER="Authorization: Bearer $KEY"
JSON='Content-Type: application/json'

say "The mean of an hour is exact"
for READING in '12:00:00Z", "temperature": 25.1' '12:30:00Z", "temperature": 25.5'; do
  curl "$BASE_URL/data" -H "$AS_SERVER" -H "$JSON" \
    -d '{"server_ulid": "'"$ULID"'", "timestamp": "2020-01-31T'"$READING"'}'
done
HOURS=$(curl "$BASE_URL/data?server_ulid=$ULID&aggregation=hour" -H "$AS_ANA")
expect "hour" "2020-01-31T12:00:00Z" "$(echo "$HOURS" | pick '[0]["timestamp"]')"
expect "mean" 25.3 "$(echo "$HOURS" | pick '[0]["temperature"]')"
expect "presence" online "$(curl "$BASE_URL/health/$ULID" -H "$AS_ANA" | pick '["status"]')"

say "Redis keeps a value"
curl "$BASE_URL/cache/set" -H "$AS_ANA" -H "$JSON" -d '{"key": "tour", "value": "kept"}'
expect "value" kept "$(curl "$BASE_URL/cache/get/tour" -H "$AS_ANA" | pick '["value"]')"

say "The worker imports a file"
JOB=$(printf 'server_ulid,timestamp,temperature\n%s,2020-01-31T13:00:00Z,21.5\n%s,2020-01-31T13:01:00Z,22.5\n' "$ULID" "$ULID" |
  curl "$BASE_URL/imports" -H "$AS_ANA" -H 'Content-Type: text/csv' --data-binary @- | pick '["job_id"]')
# The worker may have started a moment ago: 30 s.
for _ in $(seq 60); do
  STATE=$(curl "$BASE_URL/jobs/$JOB" -H "$AS_ANA" | pick '["state"]')
  case $STATE in done | failed) break ;; esac
  sleep 0.5
done
expect "job" "done" "$STATE"
expect "imported rows" 2 "$(curl "$BASE_URL/jobs/$JOB" -H "$AS_ANA" | pick '["result"]["accepted"]')"

say "Documentation, probes and metrics answer"
for PAGE in /docs /redoc /openapi.json /ui/ /livez /readyz /metrics; do
  curl --output /dev/null --write-out "%{http_code} $PAGE\n" "$BASE_URL$PAGE"
done
METRICS=$(curl "$BASE_URL/metrics")
echo "$METRICS" | grep '^sentinela_readings_total{outcome="accepted"} [1-9]' || stop "no readings in /metrics"
echo "$METRICS" | grep '^sentinela_tasks_total{.*} [1-9]' || stop "no tasks of the worker in /metrics"

say "The tour is complete"
