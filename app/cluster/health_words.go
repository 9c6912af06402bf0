package cluster

import (
	"regexp"
	"strconv"
	"strings"
)

// obstacles are what the scheduler says of nodes, in words, and what helps.
var obstacles = []struct {
	mark, words, next string
}{
	{"Insufficient cpu", "not enough CPU is free on %s", "Lower what the pod requests, or add a node."},
	{"Insufficient memory", "not enough memory is free on %s", "Lower what the pod requests, or add a node."},
	{"Insufficient ephemeral-storage", "not enough disk is free on %s", "Free disk space, or add a node."},
	{"Too many pods", "%s can run no more pods", "Add a node, or raise how many pods a kubelet runs."},
	{"Insufficient ", "not enough %r is free on %s", "Lower what the pod requests, or add a node that has it."},
	{"untolerated taint", "%s have a taint that the pod does not tolerate%t", "Add a toleration to the pod, or take the taint away."},
	{"volume node affinity", "%s cannot reach its volume", "Let a node run where the volume is."},
	{"node affinity", "%s do not match the pod's node selector or affinity", "Correct the selector, or label a node."},
	{"pod affinity rules", "%s do not have the pods that it wants beside it", "Correct the affinity, or start those pods."},
	{"anti-affinity", "%s have a pod that it must not stand beside", "Add a node, or relax the anti-affinity."},
	{"topology spread", "%s would break how its pods are to be spread", "Add a node in another zone, or relax the spread."},
	{"were unschedulable", "%s are cordoned", "Uncordon a node."},
	{"free ports", "the port that it asks for is taken on %s", "Choose another host port."},
	{"max volume count", "%s can mount no more volumes", "Add a node."},
}

var (
	nodeCount = regexp.MustCompile(`^(\d+) (?:node\(s\) )?`)
	taint     = regexp.MustCompile(`\{([^:}]+)(?::\s*([^}]*))?\}`)
)

// scheduling says in words why the scheduler finds no node for a pod, and what
// helps on most of them.
func scheduling(message string) (why, next string) {
	message = strings.TrimSpace(message)
	switch {
	case strings.Contains(message, "unbound immediate PersistentVolumeClaims"):
		return "A volume claim of it is not bound yet.", "Look at the claim."
	case strings.Contains(message, "persistentvolumeclaim \""):
		return stopped(message), "Make the claim that it names."
	case strings.Contains(message, "no nodes available"):
		return "The cluster has no node.", "Add one."
	}
	_, list, found := strings.Cut(message, "nodes are available: ")
	if !found {
		return stopped(message), "Look at the pod."
	}
	list, _, _ = strings.Cut(list, ". ") // what follows is about taking the place of other pods
	var words []string
	most := 0
	next = "Look at the pod."
	for part := range strings.SplitSeq(strings.TrimSuffix(list, "."), ", ") {
		text, helps, nodes := obstacle(part)
		words = append(words, text)
		if helps != "" && nodes > most {
			next, most = helps, nodes
		}
	}
	return "No node can take it: " + strings.Join(words, "; ") + ".", next
}

// obstacle puts one part of the scheduler's message, which is about n nodes, into words.
func obstacle(part string) (words, next string, n int) {
	rest := part
	if m := nodeCount.FindStringSubmatch(part); m != nil {
		n, _ = strconv.Atoi(m[1]) // digits
		rest = strings.TrimPrefix(part, m[0])
	}
	for _, o := range obstacles {
		if !strings.Contains(rest, o.mark) {
			continue
		}
		named := ""
		if m := taint.FindStringSubmatch(rest); m != nil {
			named = " (" + strings.TrimSpace(m[1]) + ")"
		}
		text := strings.NewReplacer("%s", many(n, "node"), "%t", named, "%r", strings.TrimPrefix(rest, "Insufficient ")).Replace(o.words)
		if n == 1 {
			text = strings.NewReplacer("1 node have", "1 node has", "1 node do ", "1 node does ", "1 node are", "1 node is").Replace(text)
		}
		return text, o.next, n
	}
	return part, "", n
}
