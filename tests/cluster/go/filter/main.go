// Command filter says, pair by pair, whether the scheduler's own library lets a pod onto a node.
//
// It reads {"pod": ..., "node": ...}, a line each, and answers a line each: true or false. What is
// asked are the functions that the scheduler's filters NodeName, NodeUnschedulable, TaintToleration
// and NodeAffinity call; of a pod that names its node only those that a kubelet asks again.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	v1 "k8s.io/api/core/v1"
	corev1 "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

const longest = 1 << 20

type pair struct {
	Pod  v1.Pod  `json:"pod"`
	Node v1.Node `json:"node"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, longest), longest)
	for lines.Scan() {
		var asked pair
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Fprintf(os.Stderr, "%v: %s\n", err, lines.Text())
			os.Exit(1)
		}
		fmt.Println(mayLand(&asked.Pod, &asked.Node))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func mayLand(pod *v1.Pod, node *v1.Node) bool {
	if pod.Spec.NodeName != "" && pod.Spec.NodeName != node.Name {
		return false
	}
	matches, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	return err == nil && matches && toleratesAll(pod, node)
}

func toleratesAll(pod *v1.Pod, node *v1.Node) bool {
	logger, tolerations := klog.Background(), pod.Spec.Tolerations
	cordoned := v1.Taint{Key: v1.TaintNodeUnschedulable, Effect: v1.TaintEffectNoSchedule}
	isBound := pod.Spec.NodeName != ""
	if node.Spec.Unschedulable && !isBound && !corev1.TolerationsTolerateTaint(logger, tolerations, &cordoned, true) {
		return false
	}
	counts := func(taint *v1.Taint) bool {
		return taint.Effect == v1.TaintEffectNoExecute || (!isBound && taint.Effect == v1.TaintEffectNoSchedule)
	}
	_, isUntolerated := corev1.FindMatchingUntoleratedTaint(logger, node.Spec.Taints, tolerations, counts, true)
	return !isUntolerated
}
