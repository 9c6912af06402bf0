package cluster

import "strings"

// A Finalizer keeps an object that is deleted until somebody takes it away.
type Finalizer struct {
	Name  string `json:"name"`
	Waits string `json:"waits" doc:"What the object waits for, as a sentence"`
}

// finalizers are the well-known ones, each with what waits for what.
var finalizers = map[string]string{
	"kubernetes":                                  "The namespace controller deletes everything in the namespace first.",
	"foregroundDeletion":                          "The garbage collector deletes what the object owns first.",
	"orphan":                                      "The garbage collector lets go of what the object owns, which stays.",
	"kubernetes.io/pvc-protection":                "A pod still uses the claim. It goes when no pod mounts it any more.",
	"kubernetes.io/pv-protection":                 "The volume is bound to a claim. It goes when the claim is gone.",
	"kubernetes.io/legacy-vap-protection":         "The API server removes it by itself.",
	"service.kubernetes.io/load-balancer-cleanup": "The cloud provider or load-balancer controller releases the address first.",
	"batch.kubernetes.io/job-tracking":            "The job controller counts how the pod ended first. If the job is gone, the controller manager may be down.",
	"snapshot.storage.kubernetes.io/volumesnapshot-bound-protection":        "The snapshot is bound to its content.",
	"snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection":    "A claim is being restored from this snapshot.",
	"snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection": "A snapshot is bound to this content.",
	"snapshot.storage.kubernetes.io/pvc-as-source-protection":               "A snapshot is being taken of this claim.",
	"external-provisioner.volume.kubernetes.io/finalizer":                   "The storage driver deletes the disk behind the volume first.",
	"external-attacher":                                 "The storage driver detaches the volume from its node first.",
	"customresourcecleanup.apiextensions.k8s.io":        "The API server deletes every object of this kind first; objects with finalizers of their own hold it up.",
	"resources-finalizer.argocd.argoproj.io":            "Argo CD deletes everything that the application deployed first.",
	"resources-finalizer.argocd.argoproj.io/background": "Argo CD deletes everything that the application deployed, in the background.",
	"post-delete-finalizer.argocd.argoproj.io":          "Argo CD runs the hooks that follow the deletion first.",
	"finalizers.fluxcd.io":                              "Flux deletes what it deployed for this object first.",
	"acme.cert-manager.io/finalizer":                    "cert-manager removes what it published for the challenge first.",
	"finalizer.acme.cert-manager.io":                    "cert-manager removes what it published for the challenge first.",
	"longhorn.io":                                       "Longhorn deletes replicas and engines of the volume first.",
	"helm.toolkit.fluxcd.io/finalizer":                  "Flux uninstalls the release first.",
	"wrangler.cattle.io/on-helm-chart-remove":           "The Helm controller of K3s uninstalls the chart first.",
	"controller.cattle.io/namespace-auth":               "Rancher removes the rights that it gave in the namespace first.",
	"traefik.io/finalizer":                              "Traefik removes its routes first.",
	"metallb.io/finalizer":                              "MetalLB releases the address first.",
	"ingress.k8s.aws/resources":                         "The AWS load balancer controller deletes the load balancer first.",
	"networking.gke.io/ingress-finalizer-V2":            "Google Cloud deletes the load balancer first.",
	"finalizer.extensions/v1beta1":                      "The controller of the ingress removes its routes first.",
	"cluster.cluster.x-k8s.io":                          "Cluster API deletes machines and infrastructure first.",
	"machine.cluster.x-k8s.io":                          "Cluster API drains the node and deletes the machine first.",
	"kopf.zalando.org/KopfFinalizerMarker":              "An operator handles the deletion first.",
	"cephcluster.ceph.rook.io":                          "Rook waits until no pool, file system or object store uses the cluster.",
	"cephblockpool.ceph.rook.io":                        "Rook waits until the pool has no images.",
	"kubevirt.io/foregroundDeleteVirtualMachine":        "KubeVirt stops the virtual machine first.",
	"velero.io/backup-finalizer":                        "Velero deletes the files of the backup first.",
	"operator.victoriametrics.com/finalizer":            "The VictoriaMetrics operator deletes what it made first.",
	"external-secrets.io/finalizer":                     "External Secrets removes what it wrote first.",
}

// families are finalizers whose names only begin or end alike.
var families = []struct{ part, waits string }{
	{"longhorn.io", "Longhorn deletes what belongs to it first."},
	{"cert-manager.io", "cert-manager cleans up what it made first."},
	{"argoproj.io", "Argo handles the deletion first."},
	{"fluxcd.io", "Flux handles the deletion first."},
	{"cattle.io", "Rancher or K3s handles the deletion first."},
	{"rook.io", "Rook waits until nothing uses it."},
	{"crossplane.io", "Crossplane deletes what it made outside of the cluster first."},
	{"cluster.x-k8s.io", "Cluster API deletes what belongs to it first."},
	{"external-attacher/", "The storage driver detaches the volume from its node first."},
	{"snapshot.storage.kubernetes.io/", "The snapshot controller handles the deletion first."},
}

// waits says what an object with a finalizer waits for.
func waits(finalizer string) string {
	if text := finalizers[finalizer]; text != "" {
		return text
	}
	for _, f := range families {
		if strings.Contains(finalizer, f.part) {
			return f.waits
		}
	}
	return "The controller that set it must take it away. If that controller is gone for good, removing the finalizer lets the object go, with whatever it was to clean up left behind."
}
