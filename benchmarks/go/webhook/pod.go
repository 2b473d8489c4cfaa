package webhook

import (
	"encoding/json"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Pod is the fields of a pod that the decision reads. Lists that are nil are absent in the object.
type Pod struct {
	Labels, Annotations map[string]string
	NodeName            string
	NodeSelector        map[string]string
	Affinity            *Affinity
	Tolerations         []corev1.Toleration
	PriorityClassName   string
	Priority            *int32
	PreemptionPolicy    *corev1.PreemptionPolicy
	extended            []string
}

// Affinity is the part of core/v1 Affinity that a class has a say in.
type Affinity struct {
	NodeAffinity *corev1.NodeAffinity `json:"nodeAffinity"`
}

// Request is what the decision reads of an AdmissionRequest.
type Request struct {
	UID       string
	Namespace string
	Pod       Pod
}

// Decoder turns a body into a request.
type Decoder func(body []byte) (Request, error)

// DecodeWhole decodes the review and the whole pod into the types of k8s.io/api, as webhooks
// that are built on them do.
func DecodeWhole(body []byte) (Request, error) {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil {
		return Request{}, err
	}
	if review.Request == nil {
		return Request{}, errNoRequest
	}
	var pod corev1.Pod
	if err := json.Unmarshal(review.Request.Object.Raw, &pod); err != nil {
		return Request{}, err
	}
	found := Pod{
		Labels:            pod.Labels,
		Annotations:       pod.Annotations,
		NodeName:          pod.Spec.NodeName,
		NodeSelector:      pod.Spec.NodeSelector,
		Tolerations:       pod.Spec.Tolerations,
		PriorityClassName: pod.Spec.PriorityClassName,
		Priority:          pod.Spec.Priority,
		PreemptionPolicy:  pod.Spec.PreemptionPolicy,
	}
	if pod.Spec.Affinity != nil {
		found.Affinity = &Affinity{NodeAffinity: pod.Spec.Affinity.NodeAffinity}
	}
	for _, containers := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			found.extended = appendExtended(found.extended, containers[i].Resources.Limits)
			found.extended = appendExtended(found.extended, containers[i].Resources.Requests)
		}
	}
	return Request{
		UID: string(review.Request.UID), Namespace: review.Request.Namespace, Pod: found,
	}, nil
}

func appendExtended(found []string, amounts corev1.ResourceList) []string {
	for name, amount := range amounts {
		if strings.Contains(string(name), "/") && amount.Sign() > 0 {
			found = append(found, string(name))
		}
	}
	return found
}

// lean mirrors only the fields that the decision reads, as gpuclass's own structs do.
type lean struct {
	Request *struct {
		UID       string `json:"uid"`
		Namespace string `json:"namespace"`
		Object    struct {
			Metadata struct {
				Labels      map[string]string `json:"labels"`
				Annotations map[string]string `json:"annotations"`
			} `json:"metadata"`
			Spec struct {
				NodeName          string                   `json:"nodeName"`
				NodeSelector      map[string]string        `json:"nodeSelector"`
				Affinity          *Affinity                `json:"affinity"`
				Tolerations       []corev1.Toleration      `json:"tolerations"`
				PriorityClassName string                   `json:"priorityClassName"`
				Priority          *int32                   `json:"priority"`
				PreemptionPolicy  *corev1.PreemptionPolicy `json:"preemptionPolicy"`
				Containers        []leanContainer          `json:"containers"`
				InitContainers    []leanContainer          `json:"initContainers"`
			} `json:"spec"`
		} `json:"object"`
	} `json:"request"`
}

type leanContainer struct {
	Resources struct {
		Limits   map[string]json.RawMessage `json:"limits"`
		Requests map[string]json.RawMessage `json:"requests"`
	} `json:"resources"`
}

// DecodeLean decodes in one pass the fields that the decision reads, and no others.
func DecodeLean(body []byte) (Request, error) {
	var review lean
	if err := json.Unmarshal(body, &review); err != nil {
		return Request{}, err
	}
	if review.Request == nil {
		return Request{}, errNoRequest
	}
	metadata, spec := &review.Request.Object.Metadata, &review.Request.Object.Spec
	found := Pod{
		Labels:            metadata.Labels,
		Annotations:       metadata.Annotations,
		NodeName:          spec.NodeName,
		NodeSelector:      spec.NodeSelector,
		Affinity:          spec.Affinity,
		Tolerations:       spec.Tolerations,
		PriorityClassName: spec.PriorityClassName,
		Priority:          spec.Priority,
		PreemptionPolicy:  spec.PreemptionPolicy,
	}
	for _, containers := range [][]leanContainer{spec.Containers, spec.InitContainers} {
		for i := range containers {
			found.extended = appendRaw(found.extended, containers[i].Resources.Limits)
			found.extended = appendRaw(found.extended, containers[i].Resources.Requests)
		}
	}
	return Request{UID: review.Request.UID, Namespace: review.Request.Namespace, Pod: found}, nil
}

func appendRaw(found []string, amounts map[string]json.RawMessage) []string {
	for name, raw := range amounts {
		if !strings.Contains(name, "/") {
			continue
		}
		amount, err := resource.ParseQuantity(strings.Trim(string(raw), `"`))
		if err == nil && amount.Sign() > 0 {
			found = append(found, name)
		}
	}
	return found
}
