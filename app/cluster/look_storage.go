package cluster

import (
	"context"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

func lookClaim(_ context.Context, v *viewer) error {
	c, err := decode[corev1.PersistentVolumeClaim](v.raw)
	if err != nil {
		return err
	}
	if c.Status.Phase == corev1.ClaimBound {
		v.fact("Phase", string(c.Status.Phase))
	} else {
		v.bad("Phase", string(c.Status.Phase))
	}
	size, asked := c.Status.Capacity[corev1.ResourceStorage], c.Spec.Resources.Requests[corev1.ResourceStorage]
	v.fact("Asked for", asked.String())
	if !size.IsZero() {
		v.fact("Size", size.String())
	}
	v.other("Class", "storageclasses.storage.k8s.io", "", or(c.Spec.StorageClassName, ""))
	v.fact("Access", access(c.Spec.AccessModes))
	v.fact("Mode", string(or(c.Spec.VolumeMode, "")))
	v.other("Volume", "persistentvolumes", "", c.Spec.VolumeName)
	v.usedBy(Ref{Kind: "persistentvolumeclaims", Namespace: c.Namespace, Name: c.Name})
	return nil
}

// maxUsers bounds how many pods are named that use a claim.
const maxUsers = 50

// usedBy lists the pods that mount a claim.
func (v *viewer) usedBy(claim Ref) {
	for _, o := range v.near.all("pods") {
		if o.Namespace == claim.Namespace && len(v.out.UsedBy) < maxUsers && slices.ContainsFunc(o.Refs, func(r Ref) bool { return r.Kind == claim.Kind && r.Name == claim.Name }) {
			v.out.UsedBy = append(v.out.UsedBy, o.ref("pods"))
		}
	}
	names := make([]string, 0, len(v.out.UsedBy))
	for _, r := range v.out.UsedBy {
		names = append(names, r.Name)
	}
	if len(names) == 0 && v.near.complete("pods") {
		names = append(names, "no pod")
	}
	v.fact("Used by", strings.Join(names, ", "))
}

func access(modes []corev1.PersistentVolumeAccessMode) string {
	all := make([]string, 0, len(modes))
	for _, m := range modes {
		all = append(all, string(m))
	}
	return strings.Join(all, ", ")
}

func lookVolume(_ context.Context, v *viewer) error {
	p, err := decode[corev1.PersistentVolume](v.raw)
	if err != nil {
		return err
	}
	v.fact("Phase", string(p.Status.Phase))
	v.bad("Message", p.Status.Message)
	size := p.Spec.Capacity[corev1.ResourceStorage]
	v.fact("Size", size.String())
	v.other("Class", "storageclasses.storage.k8s.io", "", p.Spec.StorageClassName)
	v.fact("Access", access(p.Spec.AccessModes))
	v.fact("When released", string(p.Spec.PersistentVolumeReclaimPolicy))
	if c := p.Spec.ClaimRef; c != nil {
		v.other("Claim", "persistentvolumeclaims", c.Namespace, c.Name)
		v.usedBy(Ref{Kind: "persistentvolumeclaims", Namespace: c.Namespace, Name: c.Name})
	}
	v.fact("Kept by", onlyField(p.Spec.PersistentVolumeSource))
	if p.Spec.CSI != nil {
		v.fact("Driver", p.Spec.CSI.Driver)
	}
	return nil
}

func lookStorageClass(_ context.Context, v *viewer) error {
	c, err := decode[storagev1.StorageClass](v.raw)
	if err != nil {
		return err
	}
	v.fact("Provisioner", c.Provisioner)
	v.fact("When released", string(or(c.ReclaimPolicy, "")))
	v.fact("Bound", string(or(c.VolumeBindingMode, "")))
	v.fact("May grow", strconv.FormatBool(or(c.AllowVolumeExpansion, false)))
	v.fact("Parameters", pairs(c.Parameters))
	return nil
}
