#!/bin/sh
# Makes build/unity_VERSION_ARCH.{deb,rpm,tar.gz} of the binary that is there.
# NFPM is the command that makes packages.
set -eu
cd "$(dirname "$0")/.."
VERSION=$(git describe --tags --match 'v*' 2>/dev/null || echo "v0.0.0+$(git rev-parse --short HEAD)")
VERSION=${VERSION#v}
ARCH=$(go env GOARCH)
export VERSION ARCH

rm -rf build/package
mkdir -p build/package
sed 's,/usr/local/bin/unity,/usr/bin/unity,' systemd/unity.service >build/package/unity.service
for format in deb rpm; do
  $NFPM package --config packaging/nfpm.yaml --packager $format --target "build/unity_${VERSION}_$ARCH.$format"
done

tree=build/package/unity-$VERSION
mkdir -p "$tree"
cp unity LICENSE packaging/CHANGELOG.md packaging/install.sh "$tree"
cp -r systemd "$tree"
tar -C build/package --owner=0 --group=0 --numeric-owner -czf "build/unity_${VERSION}_linux_$ARCH.tar.gz" "unity-$VERSION"
