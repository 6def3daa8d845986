#!/bin/sh
# Starts Mosquitto, and has it read its passwords again whenever they change: run.sh CONFIGURATION PASSWORDS COPY
#
# PASSWORDS is written by `sentinela mqtt-keys`, whose user in the container is 10001; COPY is what Mosquitto reads, as
# the user it has become. On its first start the bridge gets a password that nobody chooses, in `bridge` beside
# PASSWORDS.
set -eu
configuration=$1 passwords=$2 copy=$3
folder=$(dirname "$passwords")
root=$(test "$(id -u)" = 0 && id mosquitto > /dev/null 2>&1 && echo yes || echo no)

if [ ! -s "$folder/bridge" ]; then
  umask 077
  head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$folder/bridge.new"
  printf 'bridge:%s\n' "$(cat "$folder/bridge.new")" > "$passwords.new"
  # Hashes what stands in the file: no command line ever holds a password.
  mosquitto_passwd -U "$passwords.new"
  if [ -e "$passwords" ]; then grep -v '^bridge:' "$passwords" >> "$passwords.new" || true; fi
  if [ "$root" = yes ]; then chown 10001 "$folder" "$folder/bridge.new" "$passwords.new"; fi
  mv "$passwords.new" "$passwords"
  mv "$folder/bridge.new" "$folder/bridge"
fi

refresh() {
  cp "$passwords" "$copy.new"
  chmod 600 "$copy.new"
  if [ "$root" = yes ]; then chown mosquitto "$copy.new"; fi
  mv "$copy.new" "$copy"
}

refresh
mosquitto -c "$configuration" &
broker=$!
# It writes its store when it is asked to end.
trap 'kill -TERM "$broker"' INT TERM
while kill -0 "$broker" 2> /dev/null; do
  if ! cmp -s "$passwords" "$copy"; then
    refresh
    # Whose password is gone or another one is cut off. The broker may be ending just now.
    kill -HUP "$broker" 2> /dev/null || true
  fi
  sleep 1 &
  wait "$!" || true
done
wait "$broker"
