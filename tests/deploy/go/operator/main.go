// Command operator says whether objects are of the Prometheus operator's kinds, field by field.
//
// It reads objects, a line of JSON each, and answers a line each: ok, or what is wrong. The operator's
// own Go types are asked, strictly: an API server would drop a field that its kinds do not know.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	v1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const longest = 4 << 20

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, longest), longest)
	for lines.Scan() {
		fmt.Println(judge(lines.Bytes()))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judge(text []byte) string {
	var kind metav1.TypeMeta
	if err := json.Unmarshal(text, &kind); err != nil {
		return err.Error()
	}
	kinds := map[string]any{
		v1.PodMonitorsKind:     &v1.PodMonitor{},
		v1.PrometheusRuleKind:  &v1.PrometheusRule{},
		v1.ServiceMonitorsKind: &v1.ServiceMonitor{},
	}
	object, known := kinds[kind.Kind]
	if !known || kind.APIVersion != v1.SchemeGroupVersion.String() {
		return fmt.Sprintf("no kind of the operator's: %s %s", kind.APIVersion, kind.Kind)
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(object); err != nil {
		return err.Error()
	}
	return "ok"
}
