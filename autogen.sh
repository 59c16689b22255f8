#!/bin/sh
# Makes configure and what belongs to it; needs autoconf, automake and pkg-config.
set -eu
cd "$(dirname "$0")"
exec autoreconf --force --install --warnings=all "$@"
