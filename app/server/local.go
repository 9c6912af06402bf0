package server

import (
	"context"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	disks "github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
	"github.com/shirou/gopsutil/v4/sensors"
)

// local is the way to sign in to the machine that the appliance runs on.
const local = "local"

// readLocal polls this machine. What it does not know stays zero, as with others.
func readLocal(ctx context.Context) (*sample, error) {
	p := &sample{clock: time.Now(), exact: true}
	times, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return nil, err
	}
	for _, c := range times {
		idle := c.Idle + c.Iowait
		p.cpu = cpuTimes{total: idle + c.User + c.Nice + c.System + c.Irq + c.Softirq + c.Steal, idle: idle}
	}
	if v, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		p.memory = amounts{total: float64(v.Total), available: float64(v.Available), used: float64(v.Total - min(v.Available, v.Total))}
	}
	if v, err := mem.SwapMemoryWithContext(ctx); err == nil {
		p.swap = amounts{total: float64(v.Total), used: float64(v.Used), available: float64(v.Free)}
	}
	if v, err := load.AvgWithContext(ctx); err == nil {
		p.load, p.hasLoad = [3]float64{v.Load1, v.Load5, v.Load15}, true
	}
	if v, err := host.UptimeWithContext(ctx); err == nil {
		p.uptime = float64(v)
	}
	if v, err := process.PidsWithContext(ctx); err == nil {
		p.processes = len(v)
	}
	p.mounts, p.disks = localMounts(ctx), localDisks(ctx)
	p.interfaces, p.sensors = localTraffic(ctx), localSensors(ctx)
	return p, nil
}

// fileSystems are those that store something, as the script chooses them.
var fileSystems = map[string]bool{
	"ext2": true, "ext3": true, "ext4": true, "xfs": true, "btrfs": true, "zfs": true, "f2fs": true, "vfat": true, "exfat": true, "ntfs": true,
	"ntfs3": true, "fuseblk": true, "jfs": true, "reiserfs": true, "bcachefs": true, "hfsplus": true, "nilfs2": true, "ufs": true, "apfs": true,
}

func localMounts(ctx context.Context) (all []Mount) {
	parts, err := disks.PartitionsWithContext(ctx, true)
	if err != nil {
		return nil
	}
	for _, p := range parts {
		if !fileSystems[p.Fstype] || len(all) == maxSeries || hidden(p.Mountpoint) {
			continue
		}
		u, err := disks.UsageWithContext(ctx, p.Mountpoint)
		if err == nil && u.Total > 0 {
			all = append(all, Mount{Point: p.Mountpoint, Device: p.Device, Type: p.Fstype, Size: float64(u.Total), used: float64(u.Used)})
		}
	}
	return once(all)
}

// hidden reports whether a mount point belongs to containers or packages.
func hidden(point string) bool {
	return hasPrefix(point, "/run/", "/snap/", "/var/snap/", "/var/lib/docker/", "/var/lib/containers/", "/var/lib/kubelet/") &&
		!strings.HasPrefix(point, "/run/media/")
}

func localDisks(ctx context.Context) (all []disk) {
	counters, err := disks.IOCountersWithContext(ctx)
	if err != nil {
		return nil
	}
	for name, c := range counters {
		if !virtualDisk(name) && !partition(name, counters) && len(all) < maxSeries {
			all = append(all, disk{name, float64(c.ReadBytes), float64(c.WriteBytes)})
		}
	}
	return all
}

// partition reports whether name is part of another device: sda1 of sda, nvme0n1p2 of nvme0n1.
func partition(name string, all map[string]disks.IOCountersStat) bool {
	whole := strings.TrimRight(name, "0123456789")
	if whole == name || whole == "" {
		return false
	}
	_, of := all[whole]
	_, ofP := all[strings.TrimSuffix(whole, "p")]
	return of || strings.HasSuffix(whole, "p") && ofP
}

func localTraffic(ctx context.Context) (all []traffic) {
	counters, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return nil
	}
	for _, c := range counters {
		if !virtualLink(c.Name) && len(all) < maxSeries {
			all = append(all, traffic{c.Name, float64(c.BytesRecv), float64(c.BytesSent), physical(c.Name)})
		}
	}
	return all
}

func localSensors(ctx context.Context) []sensor {
	found, _ := sensors.TemperaturesWithContext(ctx) // what could be read stands beside the warnings
	var all []sensor
	for _, t := range found {
		if t.Temperature > -100 && t.Temperature < 250 && t.Temperature != 0 && len(all) < maxSeries {
			all = append(all, sensor{strings.ReplaceAll(t.SensorKey, "_", " "), t.Temperature})
		}
	}
	return distinct(all)
}
