package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// The kinds of blobs in a layout.
const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

type object = map[string]any

// An image is what is the same for every machine.
type image struct {
	version string
	created time.Time
	zones   string // the file with the time zones
}

// A descriptor names a blob.
type descriptor struct {
	Type        string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// blobs are the contents of a layout by their digests.
type blobs map[string][]byte

func (b blobs) add(kind string, content []byte) descriptor {
	sum := fmt.Sprintf("%x", sha256.Sum256(content))
	b[sum] = content
	return descriptor{Type: kind, Digest: "sha256:" + sum, Size: len(content)}
}

// encode adds v as JSON, which has its keys in order.
func (b blobs) encode(kind string, v object) (descriptor, error) {
	text, err := json.Marshal(v)
	return b.add(kind, text), err
}

// write writes the layout of an image with a variant for each folder.
func (i image) write(out io.Writer, folders []string) error {
	all := blobs{}
	var variants []descriptor
	for _, folder := range folders {
		d, err := i.variant(all, folder)
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		variants = append(variants, d)
	}
	list, err := all.encode(indexType, object{"schemaVersion": 2, "mediaType": indexType, "manifests": variants, "annotations": i.labels()})
	if err != nil {
		return err
	}
	name := "unity:" + strings.ReplaceAll(i.version, "+", "-") // a tag has no plus
	list.Annotations = map[string]string{"org.opencontainers.image.ref.name": name}
	index, err := json.Marshal(object{"schemaVersion": 2, "mediaType": indexType, "manifests": []descriptor{list}})
	if err != nil {
		return err
	}
	l := &layer{tar: tar.NewWriter(out), at: i.created}
	l.file("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644)
	l.file("index.json", index, 0o644)
	l.dir("blobs/", 0, 0o755)
	l.dir("blobs/sha256/", 0, 0o755)
	for _, sum := range slices.Sorted(maps.Keys(all)) {
		l.file("blobs/sha256/"+sum, all[sum], 0o644)
	}
	return errors.Join(l.err, l.tar.Close())
}

var errFolder = errors.New("the name of the folder does not end in -amd64, -arm64 or -arm")

// variant adds the image for one machine.
func (i image) variant(all blobs, folder string) (descriptor, error) {
	platform := map[string]string{"os": "linux"}
	switch arch := folder[strings.LastIndex(folder, "-")+1:]; arch {
	case "amd64":
		platform["architecture"] = arch
	case "arm64":
		platform["architecture"], platform["variant"] = arch, "v8"
	case "arm":
		platform["architecture"], platform["variant"] = arch, "v7"
	default:
		return descriptor{}, errFolder
	}
	var packed bytes.Buffer
	plain := sha256.New()
	if err := i.layer(folder, &packed, plain); err != nil {
		return descriptor{}, err
	}
	layer := all.add(layerType, packed.Bytes())
	config := object{
		"created": i.created.Format(time.RFC3339), "config": i.config(),
		"rootfs":  object{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", plain.Sum(nil))}},
		"history": []object{{"created": i.created.Format(time.RFC3339), "created_by": "packaging/image"}},
	}
	for key, v := range platform {
		config[key] = v
	}
	about, err := all.encode(configType, config)
	if err != nil {
		return descriptor{}, err
	}
	d, err := all.encode(manifestType, object{
		"schemaVersion": 2, "mediaType": manifestType, "config": about, "layers": []descriptor{layer}, "annotations": i.labels(),
	})
	d.Platform = platform
	return d, err
}

// config says how the image runs. Docker and Podman read its health check, which
// OCI does not know.
func (i image) config() object {
	return object{
		"User":         fmt.Sprintf("%d:%d", uid, uid),
		"Env":          []string{"UNITY_DATA_DIR=/data", "UNITY_HTTP=:8080", "UNITY_HTTPS=:8443", "ZONEINFO=" + zones, "PATH=/"},
		"Entrypoint":   []string{"/unity"},
		"Cmd":          []string{"serve"},
		"WorkingDir":   "/",
		"ExposedPorts": object{"8443/tcp": object{}, "8080/tcp": object{}},
		"Volumes":      object{"/data": object{}},
		"StopSignal":   "SIGTERM",
		"Labels":       i.labels(),
		"Healthcheck": object{
			"Test": []string{"CMD", "/unity", "health"}, "Interval": 30 * time.Second, "Timeout": 10 * time.Second,
			"StartPeriod": time.Minute, "Retries": 3,
		},
	}
}

func (i image) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "unity",
		"org.opencontainers.image.description": "The appliance a homelab runs on",
		"org.opencontainers.image.version":     i.version,
		"org.opencontainers.image.created":     i.created.Format(time.RFC3339),
		"org.opencontainers.image.licenses":    "Apache-2.0",
	}
}
