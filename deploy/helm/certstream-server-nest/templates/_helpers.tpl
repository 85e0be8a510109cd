{{- define "certstream.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "certstream.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "certstream.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "certstream.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "certstream.selectorLabels" -}}
app.kubernetes.io/name: {{ include "certstream.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "certstream.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "certstream.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "certstream.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "certstream.fullname" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "certstream.image" -}}
{{- $repository := required "image.repository has to name the image, with its registry" .Values.image.repository }}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}{{ else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* Not empty if the Pods are members of a cluster. */}}
{{- define "certstream.isCluster" -}}
{{- if .Values.cluster.servers }}true{{ end }}
{{- end }}

{{/* Not empty if there is a volume. The members of a cluster have their data on the NATS servers. */}}
{{- define "certstream.hasVolume" -}}
{{- if and .Values.persistence.enabled (not .Values.cluster.servers) }}true{{ end }}
{{- end }}

{{/* Not empty if the server has metrics. */}}
{{- define "certstream.hasMetrics" -}}
{{- $prometheus := default dict .Values.config.prometheus }}
{{- if or (not (hasKey $prometheus "enabled")) $prometheus.enabled }}true{{ end }}
{{- end }}

{{/* The groups of alerts. */}}
{{- define "certstream.ruleGroups" -}}
{{- with .Values.metrics.prometheusRule }}
{{- $groups := concat (default list .groups) (default list (fromYaml (default "" .rules)).groups) }}
{{- if not $groups }}
{{- fail "metrics.prometheusRule has no alerts; pass the file of deploy/prometheus with --set-file metrics.prometheusRule.rules=rules.yml" }}
{{- end }}
{{- toYaml $groups }}
{{- end }}
{{- end }}

{{/* One server follows all logs. A second one that is not in a cluster with it would send every certificate twice. */}}
{{- define "certstream.replicas" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.cluster.servers) }}
{{- fail "replicas above 1 need a cluster; name its NATS servers in cluster.servers" }}
{{- end }}
{{- .Values.replicas }}
{{- end }}

{{/* The ports of the NATS servers, as JSON. */}}
{{- define "certstream.natsPorts" -}}
{{- $ports := list }}
{{- range .Values.cluster.servers }}
{{- $ports = append $ports (regexFind "[0-9]+$" (regexFind ":[0-9]+$" .) | default "4222" | int) }}
{{- end }}
{{- $ports | uniq | toJson }}
{{- end }}

{{/* The configuration: that of the user, with the ports and folders of the Pod. */}}
{{- define "certstream.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $webserver := dict "listen_addr" "0.0.0.0" "listen_port" 8080 }}
{{- if .Values.tls.existingSecret }}
{{- $_ := set $webserver "cert_path" "/run/tls/tls.crt" }}
{{- $_ := set $webserver "cert_key_path" "/run/tls/tls.key" }}
{{- end }}
{{/* The probes ask from inside of the Pod. */}}
{{- with (default dict $config.webserver).whitelist }}
{{- $_ := set $webserver "whitelist" (append . "127.0.0.1" | uniq) }}
{{- end }}
{{/* The NetworkPolicy decides who may read the metrics, since the addresses of Pods are not known. */}}
{{- $prometheus := dict "listen_addr" "0.0.0.0" "listen_port" .Values.metrics.port }}
{{- if not (hasKey (default dict $config.prometheus) "whitelist") }}
{{- $_ := set $prometheus "whitelist" list }}
{{- end }}
{{- if not (hasKey (default dict $config.prometheus) "enabled") }}
{{- $_ := set $prometheus "enabled" true }}
{{- end }}
{{- $fixed := dict "webserver" $webserver "prometheus" $prometheus }}
{{/* The state of a cluster is on the NATS servers. */}}
{{- if not (include "certstream.isCluster" .) }}
{{- $recovery := dict "ct_index_file" "/data/ct_index.json" }}
{{- $given := default dict (default dict $config.general).recovery }}
{{- if and (include "certstream.hasVolume" .) (not (hasKey $given "enabled")) }}
{{- $_ := set $recovery "enabled" true }}
{{- end }}
{{- $_ := set $fixed "general" (dict "recovery" $recovery) }}
{{- $_ := set $fixed "journal" (dict "path" "/data/journal") }}
{{- end }}
{{- if include "certstream.isCluster" . }}
{{- $cluster := dict "servers" .Values.cluster.servers }}
{{- if .Values.cluster.existingSecret }}
{{- $_ := set $cluster "credentials_file" (printf "/run/cluster/%s" .Values.cluster.existingSecretKey) }}
{{- end }}
{{- $_ := set $fixed "cluster" $cluster }}
{{- end }}
{{- mergeOverwrite $config $fixed | toYaml }}
{{- end }}
