package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// informer lists and watches all pods as programs usually do, and says how long
// that took and what it costs: milliseconds, and megabytes over an empty process.
func informer(ctx context.Context) error {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig")
	only := flag.Bool("metadata", false, "only the metadata")
	flag.Parse()
	c, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	c.QPS, c.UserAgent = -1, "informer"
	before := resident()
	began := time.Now()
	var i cache.SharedIndexInformer
	if *only {
		client, err := metadata.NewForConfig(c)
		if err != nil {
			return err
		}
		i = metadatainformer.NewSharedInformerFactory(client, 0).ForResource(corev1.SchemeGroupVersion.WithResource("pods")).Informer()
	} else {
		c.ContentType, c.AcceptContentTypes = "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf,application/json"
		client, err := kubernetes.NewForConfig(c)
		if err != nil {
			return err
		}
		i = informers.NewSharedInformerFactory(client, 0).Core().V1().Pods().Informer()
	}
	go i.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), i.HasSynced) {
		return errors.New("it never synced")
	}
	took := time.Since(began)
	runtime.GC()
	debug.FreeOSMemory()
	fmt.Println(took.Milliseconds(), resident()-before)
	runtime.KeepAlive(i)
	return nil
}

// resident is how much memory the process has, in megabytes.
func resident() int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	n, _ := strconv.Atoi(strings.Fields(rest)[0])
	return n / 1024
}
