package cluster

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
	fullAt  = 0.90 // of a volume, from where it is a finding
	fullest = 0.97

	maxSummary = 32 << 20 // bytes of what one kubelet says
	kubelets   = 4        // that are asked at a time
)

// A volumeUse says how full the volume of a claim is.
type volumeUse struct {
	namespace, name string
	used            float64
	what            string // its space, or its files
}

// volumes is how full those are that pods use.
type volumes struct {
	all []volumeUse
	why string // it is not known
}

// fullest returns the fullest volume, if any is known.
func (v volumes) fullest() (one volumeUse, ok bool) {
	for _, u := range v.all {
		if !ok || u.used > one.used {
			one, ok = u, true
		}
	}
	return one, ok
}

// A summary is what is read of what a kubelet says.
type summary struct {
	Pods []struct {
		Volume []struct {
			PVCRef *struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"pvcRef"`
			AvailableBytes uint64 `json:"availableBytes"`
			UsedBytes      uint64 `json:"usedBytes"`
			Inodes         uint64 `json:"inodes"`
			InodesUsed     uint64 `json:"inodesUsed"`
		} `json:"volume"`
	} `json:"pods"`
}

// volumes asks the kubelets of nodes how full volumes are. A node that does not
// answer is left out; a credential that may not ask is told so.
func (l *link) volumes(ctx context.Context, nodes []string) volumes {
	found := make([]map[Ref]volumeUse, len(nodes))
	failed := make([]error, len(nodes))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(kubelets)
	for i, node := range nodes {
		g.Go(func() error {
			var err error
			found[i], err = l.volumesOf(ctx, node)
			failed[i] = err
			if apierrors.IsForbidden(err) {
				return err // it is the same for every node
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return volumes{why: "The credential may not read nodes/proxy, which is how kubelets are asked. Give its user the right to get nodes/proxy, or leave it so: full volumes are not noticed then."}
	}
	all := map[Ref]volumeUse{}
	for _, part := range found {
		for r, u := range part {
			if u.used >= all[r].used {
				all[r] = u
			}
		}
	}
	var out volumes
	for _, u := range all {
		out.all = append(out.all, u)
	}
	slices.SortFunc(out.all, func(a, b volumeUse) int {
		return strings.Compare(a.namespace+"/"+a.name, b.namespace+"/"+b.name)
	})
	return out
}

// volumesOf asks one kubelet.
func (l *link) volumesOf(ctx context.Context, node string) (map[Ref]volumeUse, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	body, err := l.plain.Get().AbsPath("api", "v1", "nodes", node, "proxy", "stats", "summary").SetHeader("Accept", "application/json").Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	var s summary
	if err := decodeSummary(body, &s); err != nil {
		return nil, err
	}
	return s.uses(), nil
}

func decodeSummary(body io.Reader, s *summary) error {
	return json.NewDecoder(io.LimitReader(body, maxSummary)).Decode(s)
}

// uses returns how full the volumes of claims are.
func (s summary) uses() map[Ref]volumeUse {
	all := map[Ref]volumeUse{}
	for _, p := range s.Pods {
		for _, v := range p.Volume {
			if v.PVCRef == nil || v.UsedBytes+v.AvailableBytes == 0 {
				continue
			}
			u := volumeUse{namespace: v.PVCRef.Namespace, name: v.PVCRef.Name, what: "its space"}
			// As df has it: what is kept for root is neither used nor available.
			u.used = float64(v.UsedBytes) / float64(v.UsedBytes+v.AvailableBytes)
			if files := float64(v.InodesUsed) / float64(max(v.Inodes, 1)); v.Inodes > 0 && files > u.used {
				u.used, u.what = files, "the files that it can hold"
			}
			all[Ref{"persistentvolumeclaims", u.namespace, u.name}] = u
		}
	}
	return all
}
