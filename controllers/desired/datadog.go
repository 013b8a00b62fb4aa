package desired

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// datadogMetrics is the allow-list of the openmetrics check, without the "posnet_" prefix and without the "_total" of
// counters, which is how the check matches. Each name costs custom metrics; what is not needed for a dashboard or an
// alert stays with Prometheus.
var datadogMetrics = []string{
	"blocks_forged",
	"build_info",
	"catchup_lag_blocks",
	"chain_height",
	"consensus_block_interval_seconds",
	"consensus_equivocations",
	"consensus_finality_seconds",
	"consensus_height",
	"consensus_round",
	"disk_free_bytes",
	"fsync_seconds",
	"http_request_duration_seconds",
	"http_requests",
	"log_messages",
	"mempool_bytes",
	"mempool_rejected",
	"mempool_transactions",
	"online_stake",
	"peer_bans",
	"peers",
	"proposals_missed",
	"total_stake",
	"transactions_final",
	"validator_active",
	"validator_jailed",
	"validator_signing",
	"validator_stake",
	"validators",
	"votes_missed",
}

// Unified service tags.
const (
	envTag     = "tags.datadoghq.com/env"
	serviceTag = "tags.datadoghq.com/service"
	versionTag = "tags.datadoghq.com/version"
)

func datadogOn(in Input) bool {
	on := in.Network.Spec.Telemetry.Datadog.Enabled
	return on == nil || *on
}

func datadogLabels(in Input) map[string]string {
	if !datadogOn(in) {
		return nil
	}
	d := in.Network.Spec.Telemetry.Datadog
	or := func(v, otherwise string) string {
		if v == "" {
			return otherwise
		}
		return v
	}
	return map[string]string{
		envTag: or(d.Env, "dev"), serviceTag: or(d.Service, "posnet"), versionTag: or(d.Version, imageTag(in.Image)),
	}
}

// datadogEnv gives the process the tags of its pod, so that log lines and metrics carry the same ones.
func datadogEnv(in Input) []corev1.EnvVar {
	if !datadogOn(in) {
		return nil
	}
	return []corev1.EnvVar{
		fieldEnv("DD_ENV", "metadata.labels['"+envTag+"']"),
		fieldEnv("DD_SERVICE", "metadata.labels['"+serviceTag+"']"),
		fieldEnv("DD_VERSION", "metadata.labels['"+versionTag+"']"),
		fieldEnv("DD_AGENT_HOST", "status.hostIP"),
	}
}

// datadogAnnotations tell the agent of the machine how to read this container (autodiscovery, annotations v2).
func datadogAnnotations(in Input) (map[string]string, error) {
	if !datadogOn(in) {
		return nil, nil
	}
	tags := []string{"posnet_network:" + in.Network.Name}
	checks, err := json.Marshal(map[string]any{"openmetrics": map[string]any{
		"init_config": map[string]any{},
		"instances": []any{map[string]any{
			"openmetrics_endpoint": fmt.Sprintf("http://%%%%host%%%%:%d/metrics", PrivatePort),
			"namespace":            "posnet",
			"raw_metric_prefix":    "posnet_",
			"metrics":              datadogMetrics,
			"tags":                 tags,
		}},
	}})
	if err != nil {
		return nil, fmt.Errorf("write the Datadog check: %w", err)
	}
	logs, err := json.Marshal([]any{map[string]any{
		"source": "posnet", "service": datadogLabels(in)[serviceTag], "tags": tags,
	}})
	if err != nil {
		return nil, fmt.Errorf("write the Datadog log source: %w", err)
	}
	return map[string]string{
		"ad.datadoghq.com/" + NodeContainer + ".checks": string(checks),
		"ad.datadoghq.com/" + NodeContainer + ".logs":   string(logs),
	}, nil
}
