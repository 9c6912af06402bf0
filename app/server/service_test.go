package server_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/remote"
	"unity.internal/app/remote/sshdtest"
	"unity.internal/app/server"
	"unity.internal/app/server/farm"
	"unity.internal/store"
)

func TestAServerIsAddedTrustedAndWatched(t *testing.T) {
	t.Parallel()
	b := newBench(t).run()
	s, fingerprint := b.sshd(sshdtest.Options{})
	v := b.create(draft(s, "nas"), server.Credentials{}, "")
	b.state(v.ID, store.ServerUntrusted)
	v, err := b.t.Server(t.Context(), v.ID)
	if err != nil || v.HostKey == nil || v.HostKey.Trusted || v.HostKey.Fingerprint != fingerprint {
		t.Fatalf("%+v %v", v.HostKey, err)
	}
	if _, err := b.TrustHostKey(t.Context(), b.t, v.ID, "SHA256:another"); !errors.Is(err, store.ErrHostKeyOther) {
		t.Fatal(err)
	}
	if v, err = b.TrustHostKey(t.Context(), b.t, v.ID, fingerprint); err != nil || !v.HostKey.Trusted {
		t.Fatal(err)
	}
	b.state(v.ID, store.ServerUp)
	b.wait("three polls on the grid", func() bool { return len(b.batches[v.ID]) >= 3 })
	b.mu.Lock()
	all := b.batches[v.ID]
	b.mu.Unlock()
	for i, n := range all[1:] {
		if d := n.At.Sub(all[i].At); d <= 0 || d%time.Second != 0 {
			t.Errorf("polls %s apart", d)
		}
		if n.Readings[0].Metric != "node_cpu_usage_ratio" {
			t.Error("no cpu in poll", i+1)
		}
	}
	var now store.Server
	now.ID = v.ID
	if r, ok := b.Now(b.t.ID, &now); !ok || r.Memory == nil || now.State != store.ServerUp || now.LastSeen == nil {
		t.Errorf("%+v %+v", r, now.ServerState)
	}
	if strings.Count(s.Log(), "Accepted publickey") != 1 {
		t.Error("more than one log-in")
	}
}

func TestAServerCreatedWithItsFingerprintIsTrusted(t *testing.T) {
	t.Parallel()
	b := newBench(t).run()
	s, fingerprint := b.sshd(sshdtest.Options{})
	right := b.create(draft(s, "right"), server.Credentials{}, fingerprint)
	wrong := b.create(draft(s, "wrong"), server.Credentials{}, "SHA256:another")
	b.state(right.ID, store.ServerUp)
	b.state(wrong.ID, store.ServerUntrusted)
}

func TestAChangedHostKeyIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t).run()
	s, fingerprint := b.sshd(sshdtest.Options{})
	v := b.create(draft(s, "nas"), server.Credentials{}, fingerprint)
	b.state(v.ID, store.ServerUp)
	s.Stop()
	s.KillSessions()
	b.state(v.ID, store.ServerDown)
	other, otherPrint := b.sshd(sshdtest.Options{Port: int(s.Port)})
	if _, err := b.Test(t.Context(), b.t, v.ID); err != nil { // it is tried at once
		t.Fatal(err)
	}
	b.state(v.ID, store.ServerUntrusted)
	v, err := b.t.Server(t.Context(), v.ID)
	if err != nil || !v.HostKey.Trusted || v.HostKey.Fingerprint != fingerprint || v.HostKey.Offered.Fingerprint != otherPrint {
		t.Fatalf("%+v %v", v.HostKey, err)
	}
	if strings.Contains(other.Log(), "publickey") {
		t.Fatal("a key was offered to a stranger")
	}
	if _, err := b.TrustHostKey(t.Context(), b.t, v.ID, otherPrint); err != nil {
		t.Fatal(err)
	}
	b.state(v.ID, store.ServerUp)
}

func TestUnreachableServersSayWhyAndComeBack(t *testing.T) {
	t.Parallel()
	b := newBench(t).run()
	s, fingerprint := b.sshd(sshdtest.Options{})
	s.Stop()
	v := b.create(draft(s, "nas"), server.Credentials{}, "")
	b.state(v.ID, store.ServerDown)
	now := store.Server{ID: v.ID}
	if b.Now(b.t.ID, &now); !strings.Contains(now.Reason, "refuses connections") {
		t.Error(now.Reason)
	}
	again, fingerprint2 := b.sshd(sshdtest.Options{HostKeyFiles: s.KeyFiles})
	if fingerprint2 != fingerprint {
		t.Fatal("another key")
	}
	v, err := b.Update(t.Context(), b.t, v.ID, v.Rev, func(v *store.Server) { v.Port = again.Port }, server.Credentials{})
	if err != nil {
		t.Fatal(err)
	}
	b.state(v.ID, store.ServerUntrusted)
}

func TestADeletedServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t).run()
	s, fingerprint := b.sshd(sshdtest.Options{})
	v := b.create(draft(s, "nas"), server.Credentials{}, fingerprint)
	b.state(v.ID, store.ServerUp)
	if err := b.Delete(t.Context(), b.t, v.ID, v.Rev); err != nil {
		t.Fatal(err)
	}
	next := b.create(draft(s, "nas"), server.Credentials{}, fingerprint)
	b.state(next.ID, store.ServerUp)
	if _, ok := b.Now(b.t.ID, &store.Server{ID: v.ID}); ok {
		t.Error("it is watched still")
	}
}

func TestThisMachineIsWatched(t *testing.T) {
	t.Parallel()
	b := newBench(t).run()
	v, err := b.AddLocal(t.Context(), b.t)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := b.AddLocal(t.Context(), b.t); err != nil || again.ID != v.ID || v.Name != "attic" {
		t.Fatal(again, err)
	}
	if _, err := b.AddLocal(t.Context(), b.store.Tenant(store.SystemTenant)); fault.From(err).Code != "server.local_forbidden" {
		t.Fatal(err)
	}
	b.state(v.ID, store.ServerUp)
	b.wait("a poll", func() bool { return len(b.batches[v.ID]) > 0 })
	if err := b.Snapshot(t.Context(), b.t, v.ID, nil); err != nil {
		t.Fatal(err)
	}
	got, err := b.t.Snapshot(t.Context(), v.ID, "latest")
	if err != nil {
		t.Fatal(err)
	}
	n, err := server.Read(got)
	if err != nil || n.OS.Name == "" || n.Hardware.Threads == 0 {
		t.Fatal(n, err)
	}
	r, err := b.Test(t.Context(), b.t, v.ID)
	if err != nil || len(r.Items) != 1 || !r.Items[0].OK {
		t.Fatal(r, err)
	}
}

func TestASnapshotTellsItsSteps(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, fingerprint := b.sshd(sshdtest.Options{Env: []string{"LANG=tr_TR.UTF-8", "LC_ALL=tr_TR.UTF-8"}})
	v := b.create(draft(s, "nas"), server.Credentials{}, fingerprint)
	var steps []string
	last := -1
	err := b.Snapshot(t.Context(), b.t, v.ID, func(step string, done, total int) {
		steps = append(steps, step)
		if done < last || done > total {
			t.Errorf("%s: %d of %d after %d", step, done, total, last)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 10 || steps[0] != "Connecting" || steps[9] != "Done" {
		t.Error(steps)
	}
	p, err := b.t.Snapshots(t.Context(), v.ID, store.List{Limit: 10})
	if err != nil || len(p.Items) != 1 || len(p.Items[0].Hashes) != 9 {
		t.Fatal(p, err)
	}
}

func TestAServerThatDiesMidSnapshot(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, fingerprint := b.sshd(sshdtest.Options{})
	v := b.create(draft(s, "nas"), server.Credentials{}, fingerprint)
	err := b.Snapshot(t.Context(), b.t, v.ID, func(step string, _, _ int) {
		if step == "Reading hardware" {
			s.KillSessions()
		}
	})
	if code := fault.From(err).Code; code != "remote.lost" && code != "server.answer_cut" {
		t.Fatal(err)
	}
	if p, err := b.t.Snapshots(t.Context(), v.ID, store.List{Limit: 10}); err != nil || len(p.Items) != 0 {
		t.Fatal("half a snapshot is kept", p, err)
	}
	if err := b.Snapshot(t.Context(), b.t, v.ID, nil); err != nil {
		t.Fatal(err)
	}
}

func TestStagesSayWhatWorks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, tt := range map[string]struct {
		config []string
		stage  string
		code   string
	}{
		"all":         {nil, "commands", ""},
		"fish":        {[]string{`ForceCommand fish -c "$SSH_ORIGINAL_COMMAND"`}, "commands", ""},
		"nologin":     {[]string{`ForceCommand echo "This account is currently not available."; exit 1`}, "commands", "server.no_answer"},
		"noise":       {[]string{`ForceCommand head -c 100000 /dev/urandom`}, "commands", "server.no_answer"},
		"wrong login": {[]string{"PubkeyAuthentication no"}, "login", "remote.login_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, fingerprint := b.sshd(sshdtest.Options{Config: tt.config})
			r, err := b.Try(t.Context(), b.t, draft(s, ""), server.Credentials{}, fingerprint)
			if err != nil {
				t.Fatal(err)
			}
			last := r.Items[len(r.Items)-1]
			if last.Stage != tt.stage || last.Code != tt.code || last.OK != (tt.code == "") || last.Message == "" || r.HostKey.Fingerprint != fingerprint {
				t.Errorf("%+v %+v", last, r.HostKey)
			}
			if tt.code == "" && !strings.Contains(last.Message, "file system") {
				t.Error(last.Message)
			}
		})
	}
	if all, err := b.t.AllServers(t.Context()); err != nil || len(all) != 0 {
		t.Error("a test saved something")
	}
}

func TestSecretsAreSealedAndKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	secret := "marker-4711"
	v := store.Server{Name: "nas", Host: "10.0.0.1", Username: "root", Auth: remote.ByPassword}
	if _, err := b.Create(t.Context(), b.t, v, server.Credentials{}, ""); fault.From(err).Code != "server.password_missing" {
		t.Fatal(err)
	}
	v = b.create(v, server.Credentials{Password: &secret}, "")
	sealed := v.Password.Ciphertext()
	if len(sealed) == 0 || strings.Contains(string(sealed), secret) {
		t.Fatal("not sealed")
	}
	v, err := b.Update(t.Context(), b.t, v.ID, store.AnyRev, func(v *store.Server) { v.Notes = "x" }, server.Credentials{})
	if err != nil || string(v.Password.Ciphertext()) != string(sealed) {
		t.Fatal("an edit lost the password", err)
	}
	v, err = b.Update(t.Context(), b.t, v.ID, v.Rev, func(v *store.Server) { v.Auth = remote.ByKey }, server.Credentials{})
	if err != nil || v.Password.Ciphertext() != nil {
		t.Fatal("the password outlived its use", err)
	}
	bad := "not a key"
	if _, err := b.Update(t.Context(), b.t, v.ID, v.Rev, func(*store.Server) {}, server.Credentials{PrivateKey: &bad}); fault.From(err).Code != "key.invalid" {
		t.Fatal(err)
	}
	if _, err := b.Update(t.Context(), b.t, v.ID, v.Rev-1, func(*store.Server) {}, server.Credentials{}); !errors.Is(err, store.ErrStale) {
		t.Fatal(err)
	}
	for _, file := range []string{b.store.Path(), b.store.Path() + "-wal"} {
		if data, err := os.ReadFile(file); err == nil && strings.Contains(string(data), secret) {
			t.Error("the password stands in", file)
		}
	}
}

func TestBadServersAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	good := store.Server{Name: "nas", Host: "nas.lan", Username: "root", Auth: remote.ByAgent}
	b.create(good, server.Credentials{}, "")
	for code, change := range map[string]func(*store.Server){
		"server.name_taken":       func(*store.Server) {},
		"server.name_invalid":     func(v *store.Server) { v.Name = "  " },
		"server.host_invalid":     func(v *store.Server) { v.Host = "root@nas" },
		"server.port_invalid":     func(v *store.Server) { v.Port = 70000 },
		"server.auth_invalid":     func(v *store.Server) { v.Auth = "magic" },
		"server.username_invalid": func(v *store.Server) { v.Username = "" },
		"server.tags_invalid":     func(v *store.Server) { v.Tags = []string{strings.Repeat("x", 33)} },
		"server.poll_invalid":     func(v *store.Server) { v.PollSeconds = -1 },
		"server.snapshot_invalid": func(v *store.Server) { v.SnapshotMinutes = 20000 },
	} {
		v := good
		change(&v)
		if _, err := b.Create(t.Context(), b.t, v, server.Credentials{}, ""); fault.From(err).Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
}

func TestAFarmIsWatchedThoughSomeNeverAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i, e := range farm.Start(t, 20) {
		v := store.Server{Name: "m" + string(rune('a'+i)), Host: e.Host, Port: e.Port, Username: "root", Auth: remote.ByKey, PollSeconds: 1, Tags: []string{"farm"}}
		b.create(v, server.Credentials{}, e.Fingerprint)
	}
	for i := range 3 {
		v := store.Server{Name: "hole" + string(rune('a'+i)), Host: "192.0.2.99", Username: "root", Auth: remote.ByKey, PollSeconds: 1}
		b.create(v, server.Credentials{}, "")
	}
	b.run()
	b.wait("three polls of each machine", func() bool {
		n := 0
		for _, all := range b.batches {
			if len(all) >= 3 {
				n++
			}
		}
		return n == 20
	})
	tags, err := b.t.ServerTags(t.Context())
	if err != nil || len(tags) != 1 || tags[0].Count != 20 {
		t.Error(tags, err)
	}
}
