{{- /* The image: name, tag, and the digest if there is one. */ -}}
{{- define "gpuclass.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end -}}
