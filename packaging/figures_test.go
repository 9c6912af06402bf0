package packaging_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// A machine is what an appliance shows of the machine that it runs on.
type machine struct {
	cores, threads int
	still          map[string]float64 // what does not change: memory, sizes of disks, temperatures
	processes      float64
}

// machine waits until the appliance has looked at its machine, and returns what it saw.
func (c *client) machine() (m machine) {
	c.box.t.Helper()
	var servers struct{ Items []struct{ ID string } }
	c.ask("GET", "/servers", "", &servers)
	if len(servers.Items) != 1 {
		c.box.t.Fatalf("it knows %d servers", len(servers.Items))
	}
	server := "/servers/" + servers.Items[0].ID
	wait(c.box.t, "the appliance looks at its machine", func() bool {
		var found struct {
			Series []struct {
				Metric string
				Labels map[string]string
				Points [][2]float64
			}
		}
		c.ask("GET", server+"/metrics?step=0&names=node_memory_total_bytes,node_swap_total_bytes,node_disk_size_bytes,node_temperature_celsius,node_processes,node_disk_read_bytes_total", "", &found)
		m.still = map[string]float64{}
		for _, s := range found.Series {
			if len(s.Points) == 0 {
				continue
			}
			last := s.Points[len(s.Points)-1][1]
			switch s.Metric {
			case "node_processes":
				m.processes = last
			case "node_disk_read_bytes_total":
				m.still[s.Metric+fmt.Sprint(s.Labels)] = 0 // it is there; it grows
			default:
				m.still[s.Metric+fmt.Sprint(s.Labels)] = last
			}
		}
		var snapshots struct{ Items []struct{ ID string } }
		c.ask("GET", server+"/snapshots", "", &snapshots)
		if m.processes == 0 || len(snapshots.Items) == 0 {
			return false
		}
		var snapshot struct {
			Sections struct {
				Hardware struct {
					Cores   int `json:"cpu_cores"`
					Threads int `json:"cpu_threads"`
				}
			}
		}
		c.ask("GET", server+"/snapshots/"+snapshots.Items[0].ID, "", &snapshot)
		m.cores, m.threads = snapshot.Sections.Hardware.Cores, snapshot.Sections.Hardware.Threads
		return true
	})
	return m
}

// TestUnitShowsTheMachineAsItIs compares what the appliance shows of its machine
// from inside of the unit with what it shows when root runs it without any. The unit
// is the packaged one, under a systemd that runs, with all its namespaces, mounts and
// filters; on a machine with a file system of its own for /home, and with a sensor.
// What it does not prove: this systemd is itself in namespaces, so devices and
// sensors are those that the machine of the test has, and that sensor, which is laid
// over /sys/class/thermal, because a machine without any is where tests often run.
func TestUnitShowsTheMachineAsItIs(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.boot()
	b.do("sh", "-ec", `
		mknod /dev/loop-control c 10 237
		for i in 0 1 2 3 4 5 6 7 8 9; do mknod /dev/loop$i b 7 $i; done
		truncate -s 16M /srv/home.img
		mkfs.ext4 -q /srv/home.img
		mount -o loop /srv/home.img /home
		mount -t tmpfs tmpfs /sys/class/thermal
		mkdir /sys/class/thermal/thermal_zone0
		echo cpu >/sys/class/thermal/thermal_zone0/type
		echo 41500 >/sys/class/thermal/thermal_zone0/temp`)
	b.do("dpkg", "-i", b.put(one(t, packages(t)+"/*.deb")))
	inside := b.signUp("/var/lib/unity").machine()

	b.do("systemd-run", "--unit=bare", "--property=Type=notify", "unity", "serve", "--data-dir", "/srv/bare", "--http", "127.0.0.1:18080", "--https", "127.0.0.1:18443")
	outside := b.signUp("/srv/bare").machine()

	if inside.cores != outside.cores || inside.threads != outside.threads || inside.threads == 0 {
		t.Errorf("CPU: inside %d cores, %d threads; outside %d, %d", inside.cores, inside.threads, outside.cores, outside.threads)
	}
	if fmt.Sprint(inside.still) != fmt.Sprint(outside.still) {
		t.Errorf("inside %v\noutside %v", inside.still, outside.still)
	}
	if d := math.Abs(inside.processes - outside.processes); d > 3 || outside.processes < 3 {
		t.Errorf("%g processes inside, %g outside", inside.processes, outside.processes)
	}
	wanted := []string{"node_memory_total_bytes", "node_disk_size_bytesmap[mountpoint:/]", "node_disk_size_bytesmap[mountpoint:/home]"}
	if _, err := os.Stat("/sys/class/hwmon"); err != nil { // else the machine's own sensors are read
		wanted = append(wanted, "node_temperature_celsius")
	}
	for _, name := range wanted {
		if !strings.Contains(fmt.Sprint(outside.still), name) {
			t.Errorf("no %s in %v", name, outside.still)
		}
	}
}
