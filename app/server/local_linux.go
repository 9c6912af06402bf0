package server

import "os"

// physical reports whether a device stands behind an interface.
func physical(name string) bool {
	_, err := os.Stat("/sys/class/net/" + name + "/device")
	return err == nil
}
