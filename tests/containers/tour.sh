#!/bin/sh
# The README's curl tour, checked, against a running Sentinela that has no user `ana` yet; then what else
# a fresh installation must do. Needs sh, curl and python3. BASE_URL says where it is.
set -eu
BASE_URL=${BASE_URL:-http://localhost:8000}

# Every curl of the tour fails on an error status and then shows the answer.
curl() { command curl --fail-with-body --silent --show-error --max-time 30 "$@"; }
say() { printf '\n== %s\n' "$1"; }
stop() { printf 'tour: %s\n' "$1" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || stop "$1: expected $2, got $3"; }

say "The README's tour"
# [tour]
JSON='Content-Type: application/json'
pick() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

# Register, and log in for a token.
curl -sw '\n' "$BASE_URL/auth/register" -H "$JSON" -d '{"username": "ana", "password": "violet-otter-42"}'
TOKEN=$(curl -s "$BASE_URL/auth/login" -H "$JSON" -d '{"username": "ana", "password": "violet-otter-42"}' | pick '["access_token"]')

# Register a server. The answer has its ULID and, this once, its device key.
SERVER=$(curl -s "$BASE_URL/servers" -H "Authorization: Bearer $TOKEN" -H "$JSON" -d '{"server_name": "Dolly #1"}')
ULID=$(echo "$SERVER" | pick '["server_ulid"]')
KEY=$(echo "$SERVER" | pick '["device_key"]')

# The server sends readings: 201 means that they are committed.
curl -sw '\n' "$BASE_URL/data" -H "Authorization: Bearer $KEY" -H "$JSON" \
  -d '{"server_ulid": "'"$ULID"'", "timestamp": "2026-01-31T12:00:00Z", "temperature": 25.1, "humidity": 60}'
curl -sw '\n' "$BASE_URL/data" -H "Authorization: Bearer $KEY" -H "$JSON" \
  -d '{"server_ulid": "'"$ULID"'", "timestamp": "2026-01-31T12:30:00Z", "temperature": 25.5, "humidity": 62}'

# What was stored, the mean of each hour, and who is online.
curl -sw '\n' "$BASE_URL/data?server_ulid=$ULID" -H "Authorization: Bearer $TOKEN"
curl -sw '\n' "$BASE_URL/data?server_ulid=$ULID&sensor_type=temperature&aggregation=hour" -H "Authorization: Bearer $TOKEN"
curl -sw '\n' "$BASE_URL/health/all" -H "Authorization: Bearer $TOKEN"
# [/tour]

say "The mean of the hour is exact"
HOURS=$(curl "$BASE_URL/data?server_ulid=$ULID&aggregation=hour" -H "Authorization: Bearer $TOKEN")
expect "hourly mean" 25.3 "$(echo "$HOURS" | pick '[0]["temperature"]')"
expect "presence" online "$(curl "$BASE_URL/health/$ULID" -H "Authorization: Bearer $TOKEN" | pick '["status"]')"

say "Redis keeps a value"
curl "$BASE_URL/cache/set" -H "Authorization: Bearer $TOKEN" -H "$JSON" -d '{"key": "tour", "value": "done"}'
expect "cache" "done" "$(curl "$BASE_URL/cache/get/tour" -H "Authorization: Bearer $TOKEN" | pick '["value"]')"

say "The worker imports a file"
JOB=$(printf 'server_ulid,timestamp,temperature\n%s,2026-01-31T13:00:00Z,21.5\n%s,2026-01-31T13:01:00Z,22.5\n' "$ULID" "$ULID" |
  curl "$BASE_URL/imports" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: text/csv' --data-binary @- | pick '["job_id"]')
STATE=queued
for _ in $(seq 60); do
  STATE=$(curl "$BASE_URL/jobs/$JOB" -H "Authorization: Bearer $TOKEN" | pick '["state"]')
  case $STATE in done | failed) break ;; esac
  sleep 0.5
done
expect "import" "done" "$STATE"
expect "imported rows" 2 "$(curl "$BASE_URL/jobs/$JOB" -H "Authorization: Bearer $TOKEN" | pick '["result"]["accepted"]')"

say "Documentation, probes and metrics answer"
for PAGE in /docs /redoc /openapi.json /ui/ /livez /readyz /metrics; do
  curl --output /dev/null --write-out "%{http_code} $PAGE\n" "$BASE_URL$PAGE"
done
METRICS=$(curl "$BASE_URL/metrics")
echo "$METRICS" | grep '^sentinela_readings_total{outcome="accepted"} [1-9]' || stop "no readings in /metrics"
echo "$METRICS" | grep '^sentinela_tasks_total{.*} [1-9]' || stop "no tasks of the worker in /metrics"

say "The tour is complete"
