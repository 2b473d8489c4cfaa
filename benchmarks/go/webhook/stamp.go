package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"

	corev1 "k8s.io/api/core/v1"
)

const (
	classAnnotation = "gpu-class"
	classLabel      = "gpuclass.io/class"
	stampAnnotation = "gpuclass.io/injected"
	digestLength    = 16
)

// stamp is what was injected, as gpuclass writes it.
type stamp struct {
	Class             string   `json:"class,omitempty"`
	Revision          string   `json:"revision,omitempty"`
	Tolerations       []string `json:"tolerations,omitempty"`
	Required          string   `json:"required,omitempty"`
	Preferred         string   `json:"preferred,omitempty"`
	PriorityClassName string   `json:"priorityClassName,omitempty"`
}

// mark writes the class's label and the stamp.
func (p *Policy) mark(before *Pod, after *Pod, plan *ClassPlan) error {
	written := stamp{
		Class:             plan.Name,
		Revision:          p.Revision,
		PriorityClassName: before.PriorityClassName,
	}
	for _, each := range after.Tolerations[len(before.Tolerations):] {
		written.Tolerations = append(
			written.Tolerations, each.Key+"="+each.Value+":"+string(each.Effect))
	}
	oldRequired, oldPreferred := halves(before.Affinity)
	newRequired, newPreferred := halves(after.Affinity)
	var err error
	if !sameRequired(oldRequired, newRequired) {
		if written.Required, err = digest(oldRequired, oldRequired == nil); err != nil {
			return err
		}
	}
	if len(oldPreferred) != len(newPreferred) {
		if written.Preferred, err = digest(oldPreferred, len(oldPreferred) == 0); err != nil {
			return err
		}
	}
	text, err := json.Marshal(written)
	if err != nil {
		return err
	}
	after.Labels = with(after.Labels, classLabel, plan.Name)
	after.Annotations = with(after.Annotations, stampAnnotation, string(text))
	return nil
}

func halves(affinity *Affinity) (*corev1.NodeSelector, []corev1.PreferredSchedulingTerm) {
	if affinity == nil || affinity.NodeAffinity == nil {
		return nil, nil
	}
	own := affinity.NodeAffinity
	return own.RequiredDuringSchedulingIgnoredDuringExecution,
		own.PreferredDuringSchedulingIgnoredDuringExecution
}

// digest gives a short digest of one half of a node affinity, `none` where there is none.
func digest(half any, absent bool) (string, error) {
	if absent {
		return "none", nil
	}
	data, err := json.Marshal(half)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:digestLength], nil
}

func with(entries map[string]string, key, value string) map[string]string {
	copied := make(map[string]string, len(entries)+1)
	maps.Copy(copied, entries)
	copied[key] = value
	return copied
}
