package demo

import (
	"time"

	"unity.internal/app/server/farm"
)

const harbourDomain = "harbour-sailing.example"

// harbour returns the machines of a club, as they are around now.
func harbour(now time.Time) []machine {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	online, office, pier := "Cloud", "Club house", "Pier"
	return []machine{
		{Server: entry("www", harbourDomain, online, "web public", "Website and the booking of berths."), box: website(), added: 52 * days},
		{Server: entry("mail", harbourDomain, online, "mail public", "Mail and the newsletter."), box: post(), added: 52 * days},
		{Server: entry("results", harbourDomain, online, "database", "PostgreSQL with the results of every regatta since 1987."), box: results(ago), added: 50 * days},
		{Server: entry("files", harbourDomain, office, "storage backup", "In the cupboard of the office. Ben has the key."), box: files(ago), added: 44 * days},
		{Server: entry("till", harbourDomain, office, "bar", "The till of the bar: busy on Friday evenings."), box: till(), added: 38 * days},
		{Server: entry("gate", harbourDomain, pier, "access critical", "Opens the gate of the marina."), box: gate(), added: 44 * days},
		{Server: entry("mast-weather", harbourDomain, pier, "sensors", "Wind and water level, on the mast."), box: weather(), added: 27 * days},
		{Server: entry("pier-cam", harbourDomain, pier, "cameras", "At the end of the pier. The Wi-Fi out there comes and goes."), box: camera(ago), added: 19 * days},
	}
}

func website() *farm.Box {
	b := guest(ubuntu, 2, 4, 80, "198.51.100.20", steady)
	b.Held, b.Updates = held(0.55), 6
	b.Link.Received, b.Link.Sent = carried(1.4e5), carried(1.1e6)
	b.Services = []farm.Service{runs("nginx", "Web server", 80, 443), runs("php-fpm", "PHP"), runs("varnish", "Cache", 6081)}
	return b
}

func post() *farm.Box {
	b := guest(bookworm, 2, 4, 160, "198.51.100.21", light)
	b.Mounts[0].Used, b.Updates = full(0.83), 14
	b.Services = []farm.Service{runs("postfix", "Mail", 25, 587), runs("dovecot", "Mail boxes", 993), runs("rspamd", "Spam filter", 11332)}
	return b
}

func results(ago func(time.Duration) time.Time) *farm.Box {
	b := guest(debian, 4, 8, 120, "198.51.100.22", busy)
	b.Use.Peak, b.Use.Spell = 0.41, farm.Spell{First: ago(145 * time.Minute), Every: 10 * time.Hour, For: 22 * time.Minute}
	b.Held = held(0.81)
	b.Disks[0].Read, b.Disks[0].Written = carried(6e6), carried(3.5e6)
	b.Services = []farm.Service{runs("postgresql", "Database", 5432), runs("pgbouncer", "Connections", 6432)}
	return b
}

func files(ago func(time.Duration) time.Time) *farm.Box {
	b := metal("Dell Inc.", "PowerEdge T40", "Intel(R) Xeon(R) E-2224G CPU @ 3.50GHz", 4, 4, 16, 250, "192.168.77.5", light)
	b.Use.Peak, b.Use.Spell = 0.4, farm.Spell{First: ago(210 * time.Minute), Every: 6 * time.Hour, For: 30 * time.Minute}
	b.Disks = append(b.Disks, farm.Disk{Name: "sda", Model: "TOSHIBA MG08ADA4", GB: 4001, Spins: true, Read: carried(4e5), Written: carried(3e5)})
	b.Mounts = append(b.Mounts, farm.Mount{Device: "/dev/sda1", Type: "ext4", Point: "/srv/club", GB: 3937, Used: full(0.49)})
	b.People, b.Updates = []string{"anna", "ben"}, 9
	b.Services = []farm.Service{runs("smbd", "Samba", 139, 445), runs("cups", "Printing", 631), {Unit: "backup.service", About: "Nightly copy to the cloud", Package: "restic", Process: "restic", Failed: true}}
	return b
}

func till() *farm.Box {
	b := metal("HP", "ProDesk 400 G6 Mini", "Intel(R) Core(TM) i3-10100T CPU @ 3.00GHz", 4, 8, 8, 256, "192.168.77.12", light)
	b.System, b.People = ubuntu, []string{"bar"}
	b.Services = []farm.Service{runs("odoo", "Till and stock", 8069), runs("postgresql", "Database", 5432)}
	return b
}

func gate() *farm.Box {
	b := metal("PC Engines", "apu2", "AMD GX-412TC SOC", 4, 4, 4, 16, "192.168.77.30", idle)
	b.System, b.Held = alpine, held(0.17)
	b.Sensors = []farm.Sensor{{Chip: "k10temp", Device: "k10temp.0", Label: "Tctl", Idle: 55, Gain: 12}}
	b.Services = []farm.Service{runs("gatekeeper", "Cards and codes", 8443), runs("emqx", "MQTT broker", 1883)}
	return b
}

func weather() *farm.Box {
	b := board("Raspberry Pi 3 Model A Plus Rev 1.0", 0.5, "192.168.77.41", idle)
	b.Link.Name, b.Link.Mbits, b.Held = "wlan0", 72, held(0.44)
	b.Services = []farm.Service{runs("weewx", "Weather station", 8080)}
	return b
}

func camera(ago func(time.Duration) time.Time) *farm.Box {
	b := board("Raspberry Pi Zero 2 W Rev 1.0", 0.5, "192.168.77.42", steady)
	b.Link.Name, b.Link.Mbits, b.Held = "wlan0", 24, held(0.58)
	b.Link.Sent = carried(5e5)
	b.Away = farm.Spell{First: ago(2 * time.Minute), Every: 11 * time.Minute, For: 4*time.Minute + 30*time.Second}
	b.Services = []farm.Service{runs("mediamtx", "Camera stream", 8554)}
	return b
}
