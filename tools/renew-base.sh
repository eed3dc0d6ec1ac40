#!/usr/bin/env bash
# Pins the newest base image: asks the registry what the tag in the Dockerfile is today, and writes its digest there.
# Run it every month or after a security notice, then test.sh and the container tests, and commit the one line.
#
#   bash tools/renew-base.sh     DOCKER=podman bash tools/renew-base.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
engine=${DOCKER:-docker}

base=$(sed -n 's/^ARG BASE=//p' Dockerfile)
tag=${base%@*}
"$engine" pull --quiet "$tag" >/dev/null
# Of a tag for several platforms this is the digest of the list, not of the one image that was pulled.
digest=$("$engine" image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$tag" | sed -n 's/.*@//p' | head -n 1)
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || {
  echo "renew-base.sh: $engine names no digest for $tag. Nothing was changed." >&2
  exit 1
}
sed "s|^ARG BASE=.*|ARG BASE=$tag@$digest|" Dockerfile >Dockerfile.new
mv Dockerfile.new Dockerfile
if [[ $base == "$tag@$digest" ]]; then echo "$tag is still $digest."; else echo "$tag is now $digest."; fi
