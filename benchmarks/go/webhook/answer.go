package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

var errNoRequest = errors.New("the AdmissionReview has no request")

// Answer answers one AdmissionReview with another.
func Answer(body []byte, policy *Policy, decode Decoder) ([]byte, error) {
	request, err := decode(body)
	if err != nil {
		return nil, err
	}
	response, err := policy.decide(&request)
	if err != nil {
		return nil, err
	}
	response.UID = types.UID(request.UID)
	return json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Response: response,
	})
}

func (p *Policy) decide(request *Request) (*admissionv1.AdmissionResponse, error) {
	pod := &request.Pod
	_, exempt := p.exempt[request.Namespace]
	if exempt || !slices.ContainsFunc(pod.extended, p.isGPU) {
		return &admissionv1.AdmissionResponse{Allowed: true}, nil
	}
	name, ok := pod.Annotations[classAnnotation]
	if !ok {
		name = p.DefaultClass
	}
	plan := p.Classes[name]
	switch {
	case plan == nil:
		return refuse(fmt.Sprintf("there is no class %q", name)), nil
	case !matches(plan.AllowedNamespaces, request.Namespace):
		return refuse(fmt.Sprintf("class %s is not for namespace %s", name, request.Namespace)), nil
	case pod.NodeName != "":
		return refuse("spec.nodeName is set by the pod itself"), nil
	case contradicts(pod, plan):
		return refuse(fmt.Sprintf("no node of class %s can take the pod", name)), nil
	}
	return p.injected(pod, plan)
}

func (p *Policy) injected(pod *Pod, plan *ClassPlan) (*admissionv1.AdmissionResponse, error) {
	after := p.inject(pod, plan)
	if err := p.mark(pod, &after, plan); err != nil {
		return nil, err
	}
	patch, err := json.Marshal(compare(pod, &after))
	if err != nil {
		return nil, err
	}
	kind := admissionv1.PatchTypeJSONPatch
	return &admissionv1.AdmissionResponse{
		Allowed: true, Patch: patch, PatchType: &kind, Warnings: p.warnings(pod, plan),
	}, nil
}

func (p *Policy) warnings(pod *Pod, plan *ClassPlan) []string {
	warnings := p.undeclared(pod)
	chosen := p.chosen(pod)
	if plan.Priority != nil && chosen != "" && chosen != plan.Priority.Name && !p.keepsOwn(pod, plan) {
		warnings = append(warnings, chosen+" is replaced by "+plan.Priority.Name)
	}
	return warnings
}

func refuse(message string) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Result: &metav1.Status{
		Status: metav1.StatusFailure, Code: 403, Reason: metav1.StatusReasonForbidden, Message: message,
	}}
}
