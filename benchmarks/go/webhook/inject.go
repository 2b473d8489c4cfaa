package webhook

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// inject brings a pod to the final state of its class. What it does not change is shared with
// the pod that was handed in, which stays as it is.
func (p *Policy) inject(pod *Pod, plan *ClassPlan) Pod {
	after := *pod
	p.injectPriority(&after, plan)
	injectPlacement(&after, plan)
	injectTolerations(&after, plan)
	return after
}

func (p *Policy) injectPriority(pod *Pod, plan *ClassPlan) {
	target := plan.Priority
	if target == nil || p.keepsOwn(pod, plan) {
		return
	}
	if target.Value == nil && pod.PriorityClassName == target.Name {
		return
	}
	pod.PriorityClassName = target.Name
	pod.Priority = target.Value
	pod.PreemptionPolicy = target.PreemptionPolicy
}

// chosen gives the priority class that the pod's author chose, empty where it was filled in.
func (p *Policy) chosen(pod *Pod) string {
	if pod.PriorityClassName == p.GlobalDefault {
		return ""
	}
	return pod.PriorityClassName
}

func (p *Policy) keepsOwn(pod *Pod, plan *ClassPlan) bool {
	name := p.chosen(pod)
	return name != "" &&
		(strings.HasPrefix(name, "system-") || slices.Contains(plan.AllowedPriorities, name))
}

func injectPlacement(pod *Pod, plan *ClassPlan) {
	if pod.Affinity == nil || pod.Affinity.NodeAffinity == nil {
		pod.Affinity = &Affinity{NodeAffinity: plan.Affinity}
		return
	}
	own := pod.Affinity.NodeAffinity
	wanted := &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: requiring(
			own.RequiredDuringSchedulingIgnoredDuringExecution, plan.Alternatives),
		PreferredDuringSchedulingIgnoredDuringExecution: preferring(
			own.PreferredDuringSchedulingIgnoredDuringExecution, plan.Preferred),
	}
	if !sameAffinity(own, wanted) {
		pod.Affinity = &Affinity{NodeAffinity: wanted}
	}
}

func requiring(
	own *corev1.NodeSelector, alternatives [][]corev1.NodeSelectorRequirement,
) *corev1.NodeSelector {
	var terms []corev1.NodeSelectorTerm
	if own == nil {
		for _, each := range alternatives {
			terms = append(terms, corev1.NodeSelectorTerm{MatchExpressions: each})
		}
	} else {
		for _, term := range own.NodeSelectorTerms {
			terms = append(terms, narrowed(term, alternatives)...)
		}
	}
	return &corev1.NodeSelector{NodeSelectorTerms: terms}
}

// narrowed multiplies a term by the alternatives, unless it is within one of them already.
func narrowed(
	term corev1.NodeSelectorTerm, alternatives [][]corev1.NodeSelectorRequirement,
) []corev1.NodeSelectorTerm {
	if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
		return []corev1.NodeSelectorTerm{term}
	}
	found := make([]corev1.NodeSelectorTerm, 0, len(alternatives))
	for _, wanted := range alternatives {
		expressions := slices.Clone(term.MatchExpressions)
		for _, each := range wanted {
			if !implied(each, term.MatchExpressions) {
				expressions = append(expressions, each)
			}
		}
		if len(expressions) == len(term.MatchExpressions) {
			return []corev1.NodeSelectorTerm{term}
		}
		found = append(found, corev1.NodeSelectorTerm{
			MatchExpressions: expressions, MatchFields: term.MatchFields,
		})
	}
	return found
}

// implied tells whether a pod's own requirements admit no more than the wanted one does.
func implied(wanted corev1.NodeSelectorRequirement, own []corev1.NodeSelectorRequirement) bool {
	for _, each := range own {
		if sameRequirement(each, wanted) {
			return true
		}
		in := each.Operator == corev1.NodeSelectorOpIn && wanted.Operator == corev1.NodeSelectorOpIn
		if each.Key == wanted.Key && in && within(each.Values, wanted.Values) {
			return true
		}
	}
	return false
}

func within(values, others []string) bool {
	for _, value := range values {
		if !slices.Contains(others, value) {
			return false
		}
	}
	return true
}

func preferring(own, wanted []corev1.PreferredSchedulingTerm) []corev1.PreferredSchedulingTerm {
	all := own
	for _, each := range wanted {
		same := func(other corev1.PreferredSchedulingTerm) bool { return samePreference(other, each) }
		if !slices.ContainsFunc(own, same) {
			all = append(all[:len(all):len(all)], each)
		}
	}
	return all
}

func injectTolerations(pod *Pod, plan *ClassPlan) {
	own := pod.Tolerations
	for i := range plan.Taints {
		covered := func(each corev1.Toleration) bool { return covers(each, &plan.Taints[i]) }
		if !slices.ContainsFunc(own, covered) {
			pod.Tolerations = append(
				pod.Tolerations[:len(pod.Tolerations):len(pod.Tolerations)], plan.Tolerations[i])
		}
	}
}

// covers tells whether a taint is tolerated for good: for some seconds is not enough.
func covers(toleration corev1.Toleration, taint *corev1.Taint) bool {
	if toleration.TolerationSeconds != nil && taint.Effect == corev1.TaintEffectNoExecute {
		return false
	}
	if toleration.Effect != "" && toleration.Effect != taint.Effect {
		return false
	}
	if toleration.Key != "" && toleration.Key != taint.Key {
		return false
	}
	switch toleration.Operator {
	case corev1.TolerationOpExists:
		return true
	case "", corev1.TolerationOpEqual:
		return toleration.Key != "" && toleration.Value == taint.Value
	default:
		return toleration.Key != "" && compared(taint.Value, string(toleration.Operator), toleration.Value)
	}
}

// compared compares as Gt and Lt do: both sides whole numbers, else no match.
func compared(found, operator, wanted string) bool {
	left, err := strconv.Atoi(found)
	if err != nil {
		return false
	}
	right, err := strconv.Atoi(wanted)
	if err != nil {
		return false
	}
	return operator == "Gt" && left > right || operator == "Lt" && left < right
}
