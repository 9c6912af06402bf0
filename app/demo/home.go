package demo

import (
	"time"

	"unity.internal/app/server/farm"
)

const homeDomain = "home.arpa"

// home returns the machines of a household, as they are around now.
func home(now time.Time) []machine {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	rack, house := "Rack", "House"
	return []machine{
		{Server: entry("gateway", homeDomain, rack, "network critical", "Router and firewall. The fibre comes in here."), box: gateway(), added: 62 * days},
		{Server: entry("nas", homeDomain, rack, "storage backup critical", "Four disks in RAID 10. Backups of everybody arrive at night."), box: nas(ago), added: 62 * days},
		{Server: entry("pve1", homeDomain, rack, "hypervisor", "Proxmox. The virtual machines live here."), box: hypervisor(ago), added: 61 * days},
		{Server: entry("pve2", homeDomain, rack, "hypervisor", "Proxmox, the small one."), box: smallHypervisor(), added: 47 * days},
		{Server: entry("media", homeDomain, rack, "media", "Jellyfin. Gets hot while it transcodes: the fan is on its last legs."), box: media(ago), added: 58 * days},
		{Server: entry("nvr", homeDomain, rack, "cameras storage", "Frigate. Keeps two weeks of recordings, if the disk lets it."), box: recorder(ago), added: 40 * days},
		{Server: entry("cloud", homeDomain, "Virtual", "apps", "Nextcloud for the family, on pve1."), box: cloud(), added: 57 * days},
		{Server: entry("homeassistant", homeDomain, "Virtual", "apps automation", "On pve2."), box: automation(), added: 45 * days},
		{Server: entry("pihole", homeDomain, house, "network dns critical", "Under the stairs."), box: resolver(), added: 62 * days},
		{Server: entry("octopi", homeDomain, house, "workshop", "Drives the 3D printer."), box: printer(ago), added: 33 * days},
		{Server: entry("greenhouse", homeDomain, "Garden", "garden sensors", "Waters the tomatoes."), box: greenhouse(), added: 21 * days},
		{
			Server: entry("studio", homeDomain, house, "workstation", "Lea's workstation."), box: studio(),
			added: 30 * days, replaced: 2*time.Hour + 10*time.Minute,
		},
	}
}

func gateway() *farm.Box {
	b := metal("Protectli", "VP2420", "Intel(R) Celeron(R) J6412 @ 2.00GHz", 4, 4, 8, 120, "192.168.10.1", light)
	b.System, b.Updates = alpine, 2
	b.Link.Received, b.Link.Sent, b.Link.Gateway = carried(2.6e6), carried(7e5), "203.0.113.1"
	b.Services = []farm.Service{runs("nftables", "Firewall"), runs("wireguard", "VPN"), runs("kea", "DHCP server", 67), runs("chrony", "Time", 123)}
	return b
}

func nas(ago func(time.Duration) time.Time) *farm.Box {
	b := metal("Supermicro", "X11SCL-F", "Intel(R) Xeon(R) E-2224 CPU @ 3.40GHz", 4, 4, 32, 250, "192.168.10.5", light)
	b.System, b.Held, b.Updates = bookworm, held(0.63), 11
	b.Use.Peak, b.Use.Spell = 0.45, farm.Spell{First: ago(70 * time.Minute), Every: 4 * time.Hour, For: 35 * time.Minute}
	for _, name := range []string{"sda", "sdb", "sdc", "sdd"} {
		b.Disks = append(b.Disks, farm.Disk{
			Name: name, Model: "WDC WD80EFZZ-68B", GB: 8001, Spins: true, Read: carried(9e5),
			Written: farm.Load{Mean: 4e5, Noise: 3e5, Peak: 3.2e7, Spell: b.Use.Spell},
		})
	}
	b.Mounts = append(b.Mounts, farm.Mount{Device: "/dev/md0", Type: "xfs", Point: "/srv/tank", GB: 16002, Used: full(0.71)})
	b.Link.Received = farm.Load{Mean: 5e5, Noise: 3e5, Peak: 6.2e7, Spell: b.Use.Spell}
	b.Link.Sent = carried(2.2e6)
	b.Sensors = append(b.Sensors, farm.Sensor{Chip: "drivetemp", Device: "sda", Label: "sda", Idle: 34, Gain: 9})
	b.Services = []farm.Service{runs("smbd", "Samba", 139, 445), runs("nfs-server", "NFS", 2049), runs("mdadm", "RAID monitor"), runs("borgbackup", "Backups")}
	return b
}

func hypervisor(ago func(time.Duration) time.Time) *farm.Box {
	b := metal("ASRock", "X570D4U", "AMD Ryzen 9 5900X 12-Core Processor", 12, 24, 64, 2000, "192.168.10.10", busy)
	b.System, b.Held, b.Updates, b.Reboot = proxmox, held(0.78), 23, true
	b.Use.Peak, b.Use.Spell = 0.41, farm.Spell{First: ago(95 * time.Minute), Every: 3 * time.Hour, For: 14 * time.Minute}
	b.Mounts[0].Used = full(0.58)
	b.Link = link("eno1", "192.168.10.10", 3.1e6)
	b.Sensors[0] = farm.Sensor{Chip: "k10temp", Device: "k10temp.0", Label: "Tctl", Idle: 39, Gain: 33}
	b.Services = []farm.Service{runs("pveproxy", "Proxmox web interface", 8006), runs("pvestatd", "Proxmox status"), runs("corosync", "Cluster", 5405), runs("qemu-server", "Virtual machines")}
	return b
}

func smallHypervisor() *farm.Box {
	b := metal("Beelink", "EQ12", "Intel(R) N100", 4, 4, 16, 500, "192.168.10.11", steady)
	b.System, b.Held, b.Updates, b.Reboot = proxmox, held(0.66), 23, true
	b.Services = []farm.Service{runs("pveproxy", "Proxmox web interface", 8006), runs("pvestatd", "Proxmox status"), runs("corosync", "Cluster", 5405)}
	return b
}

func media(ago func(time.Duration) time.Time) *farm.Box {
	b := metal("Intel(R) Client Systems", "NUC8i5BEH", "Intel(R) Core(TM) i5-8259U CPU @ 2.30GHz", 4, 8, 16, 500, "192.168.10.20", light)
	b.Use.Peak, b.Use.Spell = 0.72, farm.Spell{First: ago(-3 * time.Minute), Every: 105 * time.Minute, For: 24 * time.Minute}
	b.Sensors[0] = farm.Sensor{Chip: "coretemp", Device: "coretemp.0", Label: "Package id 0", Idle: 51, Gain: 42}
	b.Link.Sent = farm.Load{Mean: 3e5, Noise: 2e5, Peak: 2.4e6, Spell: b.Use.Spell}
	b.Updates = 4
	b.Services = []farm.Service{runs("jellyfin", "Jellyfin media server", 8096), runs("docker", "Docker"), runs("containerd", "Containers")}
	return b
}

func recorder(ago func(time.Duration) time.Time) *farm.Box {
	b := metal("Minisforum", "UN100P", "Intel(R) N100", 4, 4, 16, 256, "192.168.10.30", steady)
	b.Held = held(0.55)
	b.Disks = append(b.Disks, farm.Disk{Name: "sda", Model: "Seagate ST4000VX016", GB: 4001, Spins: true, Read: carried(6e5), Written: carried(4.6e6)})
	b.Mounts = append(b.Mounts, farm.Mount{
		Device: "/dev/sda1", Type: "ext4", Point: "/var/lib/frigate", GB: 3937,
		Used: farm.Fill{From: 0.66, To: 0.955, First: ago(4*time.Hour + 19*time.Minute), Every: 5 * time.Hour},
	})
	b.Link.Received = carried(4.4e6)
	b.Services = []farm.Service{runs("frigate", "Camera recorder", 5000, 8554), runs("docker", "Docker"), runs("emqx", "MQTT broker", 1883)}
	return b
}

func cloud() *farm.Box {
	b := guest(debian, 4, 8, 200, "192.168.10.41", steady)
	b.Held, b.Mounts[0].Used = held(0.57), full(0.64)
	b.Services = []farm.Service{runs("apache2", "Web server", 80, 443), runs("mariadb", "Database", 3306), runs("redis-server", "Cache", 6379), runs("php-fpm", "PHP")}
	return b
}

func automation() *farm.Box {
	b := guest(debian, 2, 4, 64, "192.168.10.42", light)
	b.Held = held(0.52)
	b.Services = []farm.Service{runs("home-assistant", "Home automation", 8123), runs("zigbee2mqtt", "Zigbee bridge", 8080)}
	return b
}

func resolver() *farm.Box {
	b := board("Raspberry Pi 4 Model B Rev 1.4", 4, "192.168.10.2", idle)
	b.Link.Received = carried(4e4)
	b.Services = []farm.Service{runs("pihole-FTL", "DNS with a blocklist", 53, 80), runs("unbound", "Resolver", 5335)}
	return b
}

func printer(ago func(time.Duration) time.Time) *farm.Box {
	b := board("Raspberry Pi 3 Model B Plus Rev 1.3", 1, "192.168.10.51", light)
	b.Use.Peak, b.Use.Spell = 0.35, farm.Spell{First: ago(100 * time.Minute), Every: 8 * time.Hour, For: 190 * time.Minute}
	b.Held, b.Updates = held(0.61), 37
	b.Services = []farm.Service{runs("octoprint", "3D printer", 5000), {Unit: "webcamd.service", About: "Camera of the printer", Process: "webcamd", Failed: true}}
	return b
}

func greenhouse() *farm.Box {
	b := board("Raspberry Pi Zero 2 W Rev 1.0", 0.5, "192.168.10.61", idle)
	b.Link.Name, b.Link.Mbits, b.Held = "wlan0", 72, held(0.48)
	b.Services = []farm.Service{runs("emqx", "MQTT broker", 1883), runs("irrigation", "Pumps and valves")}
	return b
}

func studio() *farm.Box {
	b := metal("LENOVO", "ThinkStation P3 Tower", "13th Gen Intel(R) Core(TM) i7-13700", 16, 24, 64, 2000, "192.168.10.70", light)
	b.System, b.Held = fedora, held(0.34)
	b.Services = []farm.Service{runs("gdm", "Sign-in screen"), runs("cups", "Printing", 631)}
	return b
}
