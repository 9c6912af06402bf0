#!/bin/sh
# package.sh BINARIES OUT makes deb, rpm, tarball and container image of the
# binaries that are there (unity-amd64, unity-arm64, unity-arm), with their bill
# of materials and SHA256SUMS. One for this machine must be among them: it writes
# the manual page. The same binaries give the same bytes. NFPM is the command that
# makes packages.
set -eu
umask 022
bin=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."
: "${NFPM:?}"
VERSION=$(packaging/version.sh)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
PACKAGE_VERSION=$(echo "$VERSION" | sed 's/-/~/') # 1.0.0-rc.1 comes before 1.0.0
date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
export VERSION PACKAGE_VERSION SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
papers=$work/papers
go build -o "$papers" ./packaging/papers

# What is the same for every machine. The manual page names the service's data directory.
own=$bin/unity-$(go env GOHOSTARCH)
shared=$work/shared
mkdir -p "$shared/completions"
for shell in bash zsh fish; do "$own" completions $shell >"$shared/completions/unity.$shell"; done
STATE_DIRECTORY=/var/lib/unity "$own" man | sed "1s/\"\"/\"$date\"/" >"$shared/unity.1"
cp LICENSE packaging/CHANGELOG.md packaging/unity.env packaging/install.sh "$shared"
cp -r systemd "$shared"

# pack NAME ARCH: NAME is Go's word for the machine, ARCH that in the names of files.
pack() {
  STAGE=$work/stage-$1 NFPM_ARCH=$2
  [ "$2" != armv7 ] || NFPM_ARCH=arm7
  export STAGE NFPM_ARCH
  mkdir -p "$STAGE"
  cp "$bin/unity-$1" "$STAGE/unity"
  "$papers" sbom "$bin/unity-$1" "$VERSION" >"$STAGE/sbom.cdx.json"
  cp "$STAGE/sbom.cdx.json" "$out/unity_${VERSION}_$2.cdx.json"

  tree=$work/unity-$VERSION-linux-$2
  cp -r "$shared" "$tree"
  cp "$STAGE/unity" "$STAGE/sbom.cdx.json" "$tree"
  (cd "$tree" && sha256sum unity >SHA256SUMS)
  tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=ustar \
    --mode=u+rwX,go+rX,go-w -cf - "${tree##*/}" | gzip -9n >"$out/unity_${VERSION}_linux_$2.tar.gz"

  sed 's,/usr/local/bin/unity,/usr/bin/unity,' systemd/unity.service >"$STAGE/unity.service"
  cp systemd/unity.socket "$STAGE"
  gzip -9nc "$shared/unity.1" >"$STAGE/unity.1.gz"
  "$papers" changelog "$PACKAGE_VERSION" "$SOURCE_DATE_EPOCH" | gzip -9n >"$STAGE/changelog.Debian.gz"
  "$own" licenses >"$STAGE/copyright"
  cp -r "$shared/completions" "$STAGE"
  for format in deb rpm; do
    $NFPM package --config packaging/nfpm.yaml --packager $format --target "$out" >"$work/log" || { cat "$work/log" >&2; exit 1; }
  done
}

for machine in amd64:amd64 arm64:arm64 arm:armv7; do
  if [ -e "$bin/unity-${machine%:*}" ]; then pack "${machine%:*}" "${machine#*:}"; fi
done
go run ./packaging/image "$VERSION" "$SOURCE_DATE_EPOCH" "$out/unity_${VERSION}_oci.tar" "$work"/stage-*
cd "$out"
rm -f SHA256SUMS
sha256sum -- * >"$work/sums"
mv "$work/sums" SHA256SUMS
