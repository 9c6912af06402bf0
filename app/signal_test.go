package app_test

import (
	"os"
	"os/signal"
	"syscall"
)

// notify has signals that ask for a stop sent to c, as main does.
func notify(c chan<- os.Signal) { signal.Notify(c, os.Interrupt, syscall.SIGTERM) }
