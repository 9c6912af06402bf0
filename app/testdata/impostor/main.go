// Impostor says that it is a version of Unity, and then is none: what upgrades have
// to find out.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// What the linker says.
var version, schema, does string

func main() {
	if len(os.Args) > 1 && os.Args[1] == "version" {
		if does == "silent" {
			wait(syscall.SIGUSR1)
		}
		fmt.Printf("unity %s\ncommit none\nschema %s\n", version, schema)
		return
	}
	fmt.Fprintln(os.Stderr, "the impostor begins: token=secret")
	fmt.Fprintln(os.Stderr, "the impostor does:", does)
	switch does {
	case "exit":
		os.Exit(7)
	case "hang":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
		wait(syscall.SIGUSR1)
	case "unwell":
		serve(os.Args)
		wait(syscall.SIGTERM)
	}
}

func wait(sig os.Signal) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, sig)
	<-stop
}

// serve says that it is ready, and then that it is not.
func serve(args []string) {
	dir := ""
	for i, a := range args {
		if a == "--data-dir" {
			dir = args[i+1]
		}
	}
	path := filepath.Join(dir, "unity.sock")
	os.Remove(path)
	ln, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	go func() {
		panic(http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, `{"ready":false,"degraded":["database: it cannot be written"]}`)
		})))
	}()
	conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		panic(err)
	}
	if _, err := conn.Write([]byte("READY=1")); err != nil {
		panic(err)
	}
}
