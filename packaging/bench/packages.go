package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// A promise is one metric of a benchmark, in figure's terms. A benchmark that
// knows what would be possible, from the same run, reports it as "of-limit".
type promise struct {
	pkg, bench, unit string
	figure
}

var promises = []promise{
	{"app/metric", "Append", "samples/s", figure{name: "samples appended and committed", limit: 1e6, more: true}},
	{"app/metric", "Append", "of-limit", figure{name: "  of the store's bare insert"}},
	{"app/metric", "Disk", "bytes/sample", figure{name: "a sample on disk", limit: 2.4}},
	{"app/metric", "Day/all", "ms/series", figure{name: "one series over 24 h", limit: 1}},
	{"app/metric", "Day/all", "of-limit", figure{name: "  of fetching its rows"}},
	{"app/server", "Poll", "cpu-ms/poll", figure{name: "a poll over a kept connection, both ends", limit: 5}},
	{"app/httpapi", "Edge", "requests/s", figure{name: "one server through the edge"}},
	{"app/httpapi", "Edge", "of-limit", figure{name: "  of a bare handler", limit: 0.7, more: true}},
	{"app/httpapi", "TLS", "requests/s", figure{name: "one server through the edge over TLS"}},
	{"app/httpapi", "TLS", "of-limit", figure{name: "  of the same without, both ends on these cores", limit: 0.7, more: true}},
	{"app/httpapi", "Permission", "ns/check", figure{name: "may they? among 5,000 users of 100 tenants"}},
	{"app/httpapi", "Permission", "%-of-request", figure{name: "  of a whole request", limit: 3}},
	{"app/httpapi", "Tenants", "ms/list", figure{name: "the list of 100 tenants", limit: 100}},
	{"app/auth", "SignIn", "ms/sign-in", figure{name: "a sign-in"}},
	{"app/auth", "SignIn", "of-limit", figure{name: "  of its argon2id alone", limit: 0.8, more: true}},
	{"app/auth", "Reload", "ms/reload", figure{name: "who may what, read anew"}},
	{"app/alert", "Observe", "ns/series", figure{name: "one series against its thresholds"}},
	{"app/cert", "Start", "ns/op", figure{name: "certificates at the start", limit: 5e6}},
	{"app/cert", "NewName", "p50-ms", figure{name: "the first handshake for a new name, median", limit: 20}},
	{"app/cert", "NewName", "worst-ms", figure{name: "  the worst of some tens"}},
	{"app/cert", "NewName", "writes-ms", figure{name: "  its three writes to the disk alone, median"}},
	{"app/cert", "NewName", "worst-writes-ms", figure{name: "  and at worst"}},
	{"app/cert", "NewName", "known-ms", figure{name: "  a handshake for a name that has one, median"}},
	{"app/backup", "Write", "samples/s", figure{name: "samples appended and replicated"}},
	{"app/backup", "Write", "%-slower", figure{name: "  slower than without a replica", limit: 30}},
	{"app/backup", "Write", "log-MB", figure{name: "  the log at most", limit: 40}},
	{"app/backup", "Pace", "%-of-core", figure{name: "3,000 samples a second replicated", limit: 5}},
	{"app/backup", "Pace", "bytes/sample", figure{name: "  a sample in the replica", limit: 10}},
	{"app/backup", "Sync/file", "p50-ms", figure{name: "sync now to a file, median", limit: 5}},
	{"app/backup", "Sync/file", "p99-ms", figure{name: "  p99"}},
	{"app/backup", "Sync/file", "of-limit", figure{name: "  of writing such a file there"}},
	{"app/backup", "Sync/s3", "p50-ms", figure{name: "sync now to S3, median", limit: 25}},
	{"app/backup", "Sync/s3", "p99-ms", figure{name: "  p99"}},
	{"app/backup", "Sync/s3", "of-limit", figure{name: "  of writing such a file there"}},
	{"app/backup", "Gigabyte/restore", "s/GB", figure{name: "a gigabyte restored and checked"}},
	{"app/backup", "Gigabyte/restore", "of-litestream", figure{name: "  of Litestream's own command, unchecked", limit: 1.1}},
	{"app/backup", "Gigabyte/drill", "s/drill", figure{name: "a gigabyte restored for trial and compared"}},
	{"app/backup", "Gigabyte/drill", "ms-pause", figure{name: "  the longest wait of a writer meanwhile"}},
	{"app/backup", "Gigabyte/drill", "ms-pause-without", figure{name: "  and without it"}},
}

// packages runs the benchmarks of the promises, package by package.
func packages(ctx context.Context) (figures []figure, err error) {
	results := map[string]map[string]float64{}
	for _, p := range promises {
		if results[p.pkg] != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", benches(p.pkg), "-timeout", "20m", "./"+p.pkg) //nolint:gosec // from the table
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return figures, fmt.Errorf("%w\n%s", err, out)
		}
		if results[p.pkg], err = parse(bytes.NewReader(out)); err != nil {
			return figures, err
		}
	}
	for _, p := range promises {
		v, ok := results[p.pkg][p.bench+" "+p.unit]
		if !ok {
			return figures, fmt.Errorf("%s: no benchmark %s reports %s", p.pkg, p.bench, p.unit)
		}
		p.value, p.figure.unit = v, p.unit
		figures = append(figures, p.figure)
	}
	return figures, nil
}

// benches returns the pattern of a package's benchmarks in the table.
func benches(pkg string) string {
	var all []string
	for _, p := range promises {
		if name, _, _ := strings.Cut(p.bench, "/"); p.pkg == pkg {
			all = append(all, name)
		}
	}
	return "^Benchmark(" + strings.Join(all, "|") + ")$"
}

var line = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// parse returns the metrics of benchmark lines by "name unit".
func parse(r io.Reader) (map[string]float64, error) {
	all := map[string]float64{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		f := strings.Fields(m[2])
		for i := 0; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				return nil, err
			}
			all[m[1]+" "+f[i+1]] = v
		}
	}
	return all, lines.Err()
}
