package webhook

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// contradicts tells whether the pod's own selector and terms exclude every pool of its class, by
// the labels that the pools declare. Pools outside the class are not looked at here.
func contradicts(pod *Pod, plan *ClassPlan) bool {
	required, _ := halves(pod.Affinity)
	var terms []corev1.NodeSelectorTerm
	if required != nil {
		terms = required.NodeSelectorTerms
	}
	if len(pod.NodeSelector) == 0 && len(terms) == 0 {
		return false
	}
	for _, labels := range plan.PoolLabels {
		if admits(labels, pod.NodeSelector, terms) {
			return false
		}
	}
	return true
}

func admits(labels, selector map[string]string, terms []corev1.NodeSelectorTerm) bool {
	for key, value := range selector {
		if has, ok := labels[key]; ok && has != value {
			return false
		}
	}
	maySatisfy := func(term corev1.NodeSelectorTerm) bool {
		if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
			return false
		}
		return !slices.ContainsFunc(term.MatchExpressions,
			func(each corev1.NodeSelectorRequirement) bool {
				value, ok := labels[each.Key]
				return ok && !satisfied(value, each)
			})
	}
	return len(terms) == 0 || slices.ContainsFunc(terms, maySatisfy)
}

func satisfied(value string, requirement corev1.NodeSelectorRequirement) bool {
	wanted := requirement.Values
	switch requirement.Operator {
	case corev1.NodeSelectorOpIn:
		return slices.Contains(wanted, value)
	case corev1.NodeSelectorOpNotIn:
		return !slices.Contains(wanted, value)
	case corev1.NodeSelectorOpExists:
		return true
	case corev1.NodeSelectorOpDoesNotExist:
		return false
	default:
		return len(wanted) == 1 && compared(value, string(requirement.Operator), wanted[0])
	}
}

// undeclared gives a warning for each label by the name of a GPU resource that no pool declares.
func (p *Policy) undeclared(pod *Pod) []string {
	var keys []string
	if required, _ := halves(pod.Affinity); required != nil {
		for _, term := range required.NodeSelectorTerms {
			for _, each := range term.MatchExpressions {
				keys = append(keys, each.Key)
			}
		}
	}
	for key := range pod.NodeSelector {
		keys = append(keys, key)
	}
	var warnings []string
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if _, ok := p.declared[key]; !ok && p.isGPU(key) {
			warnings = append(warnings, "no pool declares a label "+key)
		}
	}
	return warnings
}
