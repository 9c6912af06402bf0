package server_test

import (
	"strconv"
	"strings"
	"testing"

	"unity.internal/app/fault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestImport(t *testing.T) {
	t.Parallel()
	const config = `# my machines
Host nas old
	HostName 10.20.0.11
	User lea
Host router
  HostName=router.lan
  Port 2222
Host *.example.org !bad
  User x
Include /etc/ssh/ssh_config
Match user root
  HostName never
Host broken
  Port none
Host *
  User everybody
`
	const table = "\ufeffname;host;port;username;auth;password;tags\n" +
		"db;10.0.0.5;;;;;prod, sql\nweb;10.0.0.6;2022;deploy;password;hunter2-marker;web\n" +
		"nopass;10.0.0.7;22;root;password;;\nbad;not a host;22;root;key;;\ndb;10.0.0.8;22;root;key;;\n"
	tests := []struct{ name, format, text, want string }{
		{"ssh_config", "ssh_config", config, "2 nas lea@10.20.0.11:22 true|2 old lea@10.20.0.11:22 true|5 router everybody@router.lan:2222 true|8 *.example.org @:0 false|8 !bad @:0 false|13 broken everybody@broken:-1 false"},
		{"csv", "csv", table, "2 db root@10.0.0.5:22 true|3 web deploy@10.0.0.6:2022 true|4 nopass root@10.0.0.7:22 false|5 bad root@not a host:22 false|6 db root@10.0.0.8:22 false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			for _, dry := range []bool{true, false} {
				all, err := b.Import(t.Context(), b.t, tt.format, tt.text, dry)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				created := 0
				for _, n := range all {
					got = append(got, line(n.Line, n.Name, n.Username, n.Host, n.Port, n.OK))
					if n.Message == "" || strings.Contains(n.Message, "hunter2") {
						t.Errorf("%q", n.Message)
					}
					if n.ID != "" {
						created++
					}
				}
				if text := strings.Join(got, "|"); text != tt.want {
					t.Errorf("got  %s\nwant %s", text, tt.want)
				}
				stored, err := b.t.AllServers(t.Context())
				if err != nil || len(stored) != created || dry != (created == 0) {
					t.Errorf("%d stored, %d created: %v", len(stored), created, err)
				}
			}
		})
	}
}

func TestAnImportStopsAtTheQuota(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	two := int64(2)
	storetest.Quota(t, b.store, b.t.ID, store.Quota{Servers: &two})
	for _, dry := range []bool{true, false} {
		all, err := b.Import(t.Context(), b.t, "csv", "name,host\na,a\nb,b\nc,c\nd,d\n", dry)
		if err != nil || !all[0].OK || !all[1].OK || all[2].OK || all[3].OK || !strings.Contains(all[3].Message, "2 servers") {
			t.Fatal(dry, all, err)
		}
	}
}

func TestImportsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tt := range []struct{ format, text, code string }{
		{"xml", "<a/>", "import.format"},
		{"csv", "", "import.header"},
		{"csv", "a,b\n1,2\n", "import.header"},
		{"csv", "name,host\n", "import.empty"},
		{"csv", "name,host\n\"x,y\n", "import.unreadable"},
		{"csv", "name,host\n" + strings.Repeat("x,y\n", 1001), "import.too_long"},
		{"ssh_config", "hello", "import.empty"},
	} {
		_, err := b.Import(t.Context(), b.t, tt.format, tt.text, true)
		if err == nil || fault.From(err).Code != tt.code {
			t.Errorf("%s %.20q: %v, want %s", tt.format, tt.text, err, tt.code)
		}
	}
}

func line(n int, name, user, host string, port int64, ok bool) string {
	return strings.Join([]string{strconv.FormatInt(int64(n), 10), name, user + "@" + host + ":" + strconv.FormatInt(port, 10), map[bool]string{true: "true", false: "false"}[ok]}, " ")
}

func FuzzImport(f *testing.F) {
	b := newBench(f)
	f.Add("ssh_config", "Host a\n HostName b\n")
	f.Add("csv", "name,host\na,b\n")
	f.Add("ssh_config", "Host a\nMatch x\nInclude /etc/passwd\n Host = \"\n")
	f.Fuzz(func(t *testing.T, format, text string) {
		_, _ = b.Import(t.Context(), b.t, format, text, true)
		if all, err := b.t.Servers(t.Context(), store.ServerList{List: store.List{Limit: 1}}); err != nil || len(all.Items) > 0 {
			t.Fatal("a dry run made something", err)
		}
	})
}
