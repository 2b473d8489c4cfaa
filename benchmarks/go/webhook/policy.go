// Package webhook makes the decision that gpuclass makes for a GPU pod, as a Go webhook would.
//
// It is what gpuclass is measured against. It reads a policy that was compiled by gpuclass, so
// both sides do the same work; CPU pods, workloads and other modes than Enforce are not its
// business.
package webhook

import (
	"encoding/json"
	"fmt"
	"os"
	"path"

	corev1 "k8s.io/api/core/v1"
)

// Policy is what decisions are made by, prepared for look-ups by key.
type Policy struct {
	Revision         string                `json:"revision"`
	DefaultClass     string                `json:"defaultClass"`
	GPUResources     []string              `json:"gpuResources"`
	GPUGlobs         []string              `json:"gpuGlobs"`
	ExemptNamespaces []string              `json:"exemptNamespaces"`
	GlobalDefault    string                `json:"globalDefault"`
	LabelKeys        []string              `json:"labelKeys"`
	Classes          map[string]*ClassPlan `json:"classes"`
	exempt           map[string]struct{}
	resources        map[string]struct{}
	declared         map[string]struct{}
}

// ClassPlan is the final state of a class.
type ClassPlan struct {
	Name              string                             `json:"name"`
	Alternatives      [][]corev1.NodeSelectorRequirement `json:"alternatives"`
	Preferred         []corev1.PreferredSchedulingTerm   `json:"preferred"`
	Taints            []corev1.Taint                     `json:"taints"`
	Tolerations       []corev1.Toleration                `json:"tolerations"`
	Affinity          *corev1.NodeAffinity               `json:"affinity"`
	Priority          *PriorityTarget                    `json:"priority"`
	AllowedPriorities []string                           `json:"allowedPriorityClassNames"`
	AllowedNamespaces []string                           `json:"allowedNamespaces"`
	PoolLabels        []map[string]string                `json:"poolLabels"`
}

// PriorityTarget is the three fields that the Priority admission plug-in ties together.
type PriorityTarget struct {
	Name             string                   `json:"name"`
	Value            *int32                   `json:"value"`
	PreemptionPolicy *corev1.PreemptionPolicy `json:"preemptionPolicy"`
}

// Load reads a policy from a file and prepares it.
func Load(file string) (*Policy, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	policy := &Policy{}
	if err := json.Unmarshal(data, policy); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	policy.exempt = set(policy.ExemptNamespaces)
	policy.resources = set(policy.GPUResources)
	policy.declared = set(policy.LabelKeys)
	return policy, nil
}

func set(names []string) map[string]struct{} {
	found := make(map[string]struct{}, len(names))
	for _, name := range names {
		found[name] = struct{}{}
	}
	return found
}

func (p *Policy) isGPU(name string) bool {
	if _, ok := p.resources[name]; ok {
		return true
	}
	return matches(p.GPUGlobs, name)
}

// matches tells whether one of some globs stands for a whole text. The policies of the benchmark
// use `*` only; path.Match agrees with gpuclass where `*` does not have to cross a slash.
func matches(globs []string, text string) bool {
	for _, glob := range globs {
		if glob == "*" || glob == text {
			return true
		}
		if ok, err := path.Match(glob, text); err == nil && ok {
			return true
		}
	}
	return false
}
