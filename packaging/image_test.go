package packaging_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// An imageConfig is what an image says about itself, a runConfig how it runs.
type (
	imageConfig struct {
		Architecture string
		Config       runConfig
	}
	runConfig struct {
		User                  string
		Env, Entrypoint, Cmd  []string
		Volumes, ExposedPorts map[string]any
		Healthcheck           struct{ Test []string }
	}
)

// unpacked has skopeo take the image apart, which checks every digest in it.
func unpacked(t *testing.T) (root string, config imageConfig) {
	t.Helper()
	dir := t.TempDir()
	archive := "oci-archive:" + one(t, packages(t)+"/*_oci.tar")
	output(t, "skopeo", "--insecure-policy", "copy", archive, "dir:"+dir+"/image")
	if err := json.Unmarshal([]byte(output(t, "skopeo", "--insecure-policy", "inspect", "--config", "--raw", archive)), &config); err != nil {
		t.Fatal(err)
	}
	raw, err := exec.CommandContext(t.Context(), "skopeo", "--insecure-policy", "inspect", "--raw", archive).Output()
	var index struct {
		Manifests []struct{ Platform struct{ OS string } }
	}
	if err != nil || json.Unmarshal(raw, &index) != nil || len(index.Manifests) != 1 || index.Manifests[0].Platform.OS != "linux" {
		t.Errorf("%v: no list of images: %s", err, raw)
	}
	var manifest struct{ Layers []struct{ Digest string } }
	text, err := os.ReadFile(dir + "/image/manifest.json")
	if err != nil || json.Unmarshal(text, &manifest) != nil || len(manifest.Layers) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	root = filepath.Join(dir, "root")
	output(t, "mkdir", root)
	output(t, "tar", "-C", root, "-xzf", filepath.Join(dir, "image", strings.TrimPrefix(manifest.Layers[0].Digest, "sha256:")))
	return root, config
}

// TestImage runs what is in the image as an engine would: as its user, with nothing
// else there. Then as Kubernetes does, where the volume is root's and only its group
// may write.
func TestImage(t *testing.T) {
	t.Parallel()
	needRoot(t)
	root, config := unpacked(t)
	c := config.Config
	if c.User != "65532:65532" || len(c.Volumes) != 1 || c.Volumes["/data"] == nil || len(c.ExposedPorts) != 2 {
		t.Errorf("%+v", config)
	}
	if len(c.Healthcheck.Test) != 3 || c.Healthcheck.Test[0] != "CMD" || strings.Join(c.Entrypoint, " ") != "/unity" {
		t.Fatalf("%+v", c)
	}
	c.serves(t, root, "/data")
	output(t, "chown", "root:65532", root+"/data")
	output(t, "chmod", "2775", root+"/data")
	c.serves(t, root, "/data/unity")
	roots, err := os.ReadFile(root + "/etc/ssl/certs/ca-certificates.crt")
	if n := bytes.Count(roots, []byte("BEGIN CERTIFICATE")); err != nil || n < 50 {
		t.Errorf("%d authorities, %v", n, err)
	}
	if block, _ := pem.Decode(roots); block == nil {
		t.Error("the authorities cannot be read")
	}
}

// serves runs the image on a data directory: its health check is content while it
// serves, and at no other time.
func (c runConfig) serves(t *testing.T, root, dir string) {
	t.Helper()
	run := func(args ...string) *exec.Cmd {
		args = append([]string{"--userspec=" + c.User, root, "/unity"}, args...)
		cmd := exec.CommandContext(t.Context(), "chroot", args...)
		cmd.Env = append(append([]string{}, c.Env...), "UNITY_DATA_DIR="+dir, "UNITY_HTTP=127.0.0.1:0", "UNITY_HTTPS=127.0.0.1:0") // the ports of this machine are others'
		return cmd
	}
	health := c.Healthcheck.Test[2:]
	if out, err := run(health...).CombinedOutput(); err == nil {
		t.Errorf("healthy before it runs: %s", out)
	}
	unity := run(c.Cmd...)
	var said bytes.Buffer
	unity.Stdout, unity.Stderr = &said, &said
	if err := unity.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unity.Process.Kill() })
	wait(t, "the image is healthy", func() bool { return run(health...).Run() == nil })
	if err := unity.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := unity.Wait(); err != nil {
		t.Errorf("%v: %s", err, said.Bytes())
	}
	if out, err := run(health...).CombinedOutput(); err == nil {
		t.Errorf("healthy when it is gone: %s", out)
	}
	if info, err := os.Stat(root + dir + "/unity.db"); err != nil || info.Sys().(*syscall.Stat_t).Uid != 65532 {
		t.Errorf("the database: %v, %v", info, err)
	}
}
