package app

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// forgetPages lets go of the pages of the program itself: most of them only the
// start needed, and the kernel keeps a mapped page longer than one that is only
// in its cache. What is needed comes back from there by itself. It touches
// nothing that was ever written.
func forgetPages() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var from, to uintptr
		var may string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &may); err != nil {
			return fmt.Errorf("read the map of pages: %w", err)
		}
		if may[1] == 'w' || !strings.HasSuffix(lines.Text(), " "+self) {
			continue
		}
		if _, _, failed := unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED); failed != 0 {
			return fmt.Errorf("let go of pages: %w", failed)
		}
	}
	return lines.Err()
}
