package upgrade

import (
	"errors"
	"syscall"

	"unity.internal/app/fault"
)

// The faults of an upgrade. Each says that nothing was changed by leaving the
// program that serves as it is.
var (
	ErrNoKey     = fault.New(fault.Conflict, "upgrade.no_key", "No key is trusted here, so no new version can be verified. Pin the release key: write its line, which begins with RW, to /etc/unity/release.pub as root, and restart Unity.")
	ErrUnsigned  = fault.New(fault.Invalid, "upgrade.unsigned", "The program has no signature. Give the file that ends with .minisig, too; it is published beside the program.")
	ErrForeign   = fault.New(fault.Invalid, "upgrade.foreign_key", "The program is signed by a key that is not trusted here. Download it from where Unity is published, or pin that key if you know whose it is.")
	ErrSignature = fault.New(fault.Invalid, "upgrade.bad_signature", "The signature does not fit the program: one of the two is damaged, or was changed. Download both again.")
	ErrChecksum  = fault.New(fault.Invalid, "upgrade.checksum", "The program has another checksum than was named. Download it again.")
	ErrPin       = fault.New(fault.Invalid, "upgrade.no_checksum", "A program without a signature needs its checksum. Give it with --sha256.")
	ErrTooLarge  = fault.New(fault.TooLarge, "upgrade.too_large", "The file is larger than 200 MB, which no version of Unity is. Check which file you chose.")
	ErrNoProgram = fault.New(fault.Invalid, "upgrade.no_program", "The file is no program for this system. Use the program unity, or the archive unity_VERSION_linux_ARCH.tar.gz.")
	ErrArch      = fault.New(fault.Invalid, "upgrade.architecture", "The program is for machines of another kind. Use the one for this machine.")
	ErrNoVersion = fault.New(fault.Invalid, "upgrade.no_version", "The program does not say which version it is. It does not start here, or it is no Unity. Use another file.")
	ErrSame      = fault.New(fault.Conflict, "upgrade.same", "This version runs already.")
	ErrOlder     = fault.New(fault.Conflict, "upgrade.older", "The program is older than the one that runs. Use a newer one, or go back with: unity upgrade --back")
	ErrSchema    = fault.New(fault.Conflict, "upgrade.schema_older", "The program knows only an older form of the database and could not open it. Go back with: unity upgrade --back")
	ErrDiskFull  = fault.New(fault.Unavailable, "upgrade.disk_full", "There is too little room in the data directory for the new program. Free some space and try again.")
	ErrURL       = fault.New(fault.Invalid, "upgrade.url", "The address of a program begins with https:// and names a host. Only this machine itself may be asked over http://.")
	ErrFetch     = fault.New(fault.Unavailable, "upgrade.fetch", "The program could not be downloaded. Check the address, and that this machine reaches it.")
	ErrManifest  = fault.New(fault.Invalid, "upgrade.manifest", "What is published there names no version. Check the address for notices of new versions.")
	ErrRunning   = fault.New(fault.Conflict, "upgrade.running", "An upgrade is under way. Wait until it has ended.")
	ErrNoWayBack = fault.New(fault.NotFound, "upgrade.nothing_to_go_back_to", "There is no earlier version to go back to.")
)

// full says in words that the disk is.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ErrDiskFull.Because(err)
	}
	return err
}
