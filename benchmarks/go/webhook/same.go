package webhook

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

func sameRequirement(one, other corev1.NodeSelectorRequirement) bool {
	return one.Key == other.Key && one.Operator == other.Operator &&
		slices.Equal(one.Values, other.Values)
}

func sameTerm(one, other corev1.NodeSelectorTerm) bool {
	return slices.EqualFunc(one.MatchExpressions, other.MatchExpressions, sameRequirement) &&
		slices.EqualFunc(one.MatchFields, other.MatchFields, sameRequirement)
}

func samePreference(one, other corev1.PreferredSchedulingTerm) bool {
	return one.Weight == other.Weight && sameTerm(one.Preference, other.Preference)
}

func sameRequired(one, other *corev1.NodeSelector) bool {
	if one == nil || other == nil {
		return one == other
	}
	return slices.EqualFunc(one.NodeSelectorTerms, other.NodeSelectorTerms, sameTerm)
}

func sameAffinity(one, other *corev1.NodeAffinity) bool {
	return sameRequired(
		one.RequiredDuringSchedulingIgnoredDuringExecution,
		other.RequiredDuringSchedulingIgnoredDuringExecution,
	) && slices.EqualFunc(
		one.PreferredDuringSchedulingIgnoredDuringExecution,
		other.PreferredDuringSchedulingIgnoredDuringExecution,
		samePreference,
	)
}
