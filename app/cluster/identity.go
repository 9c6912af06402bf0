package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// setBack reports whether this is another cluster than it was: etcd was restored
// or made anew. A watch from a version of the past one would wait in silence.
func (m *member) setBack(ctx context.Context, l *link) bool {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	kind, known := "", Ref{Kind: "namespaces", Name: "kube-system"}
	if was, there := m.one(known); there {
		is, err := l.uid(ctx, known)
		if err == nil || errors.Is(err, ErrGone) {
			return is != was.UID || m.wentBack(ctx, l, known.Kind)
		}
	}
	m.mu.Lock()
	for name, t := range m.tables {
		if _, state, _, _ := t.count(); state == tableSynced && (kind == "" || name < kind) {
			kind = name
		}
	}
	m.mu.Unlock()
	return kind != "" && m.wentBack(ctx, l, kind)
}

// uid asks for the identity of one object.
func (l *link) uid(ctx context.Context, r Ref) (string, error) {
	k, err := l.kind(ctx, r.Kind)
	if err != nil {
		return "", err
	}
	text, err := l.get(k, r.Namespace, r.Name).SetHeader("Accept", onlyName).Do(ctx).Raw()
	if err != nil {
		return "", reason(err)
	}
	var v metav1.PartialObjectMetadata
	err = json.Unmarshal(text, &v)
	return string(v.UID), err
}

// wentBack reports whether the versions of objects are lower than they were.
func (m *member) wentBack(ctx context.Context, l *link, kind string) bool {
	k, err := l.kind(ctx, kind)
	if err != nil {
		return false
	}
	text, err := l.get(k, "", "").Param("limit", "1").SetHeader("Accept", onlyNames).Do(ctx).Raw()
	if err != nil {
		return false
	}
	var list metav1.PartialObjectMetadataList
	if json.Unmarshal(text, &list) != nil {
		return false
	}
	is := version(list.ResourceVersion)
	return is > 0 && is < m.peak.Load()
}

// onlyName and onlyNames ask for the metadata of objects, as JSON.
const (
	onlyName  = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	onlyNames = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
)

// version reads a version, which is a number that grows on every API server that
// follows the rules; of another it is 0.
func version(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// reached takes in the highest version that was seen.
func (m *member) reached(text string) {
	for n := version(text); ; {
		old := m.peak.Load()
		if n <= old || m.peak.CompareAndSwap(old, n) {
			return
		}
	}
}
