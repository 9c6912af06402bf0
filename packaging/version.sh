#!/bin/sh
# Prints the version of what is checked out: the last tag, and what came after it
# as in 1.2.0+3.g1a2b3c4, which every package manager takes for newer than 1.2.0.
set -eu
cd "$(dirname "$0")/.."
if described=$(git describe --tags --match 'v[0-9]*' 2>/dev/null); then
  echo "$described" | sed -E 's/^v//; s/-([0-9]+)-g([0-9a-f]+)$/+\1.g\2/'
else
  echo "0.0.0+$(git rev-list --count HEAD).g$(git rev-parse --short=7 HEAD)"
fi
