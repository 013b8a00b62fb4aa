package desired

import (
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/posnet/posnet/api/v1alpha1"
)

// NodeContainer is the name of the container that runs the node.
const NodeContainer = "node"

// userID is the user and group of the processes; the image has it as "nonroot".
const userID int64 = 65532

func podTemplate(in Input) (corev1.PodTemplateSpec, error) {
	n := in.Network
	affinity, err := podAffinity(n)
	if err != nil {
		return corev1.PodTemplateSpec{}, err
	}
	labels, annotations := map[string]string{}, map[string]string{}
	maps.Copy(labels, n.Spec.PodTemplate.Labels)
	maps.Copy(annotations, n.Spec.PodTemplate.Annotations)
	maps.Copy(labels, datadogLabels(in))
	datadog, err := datadogAnnotations(in)
	if err != nil {
		return corev1.PodTemplateSpec{}, err
	}
	maps.Copy(annotations, datadog)
	// What the operator relies on comes last, so that a user's entry cannot hide a pod from it.
	maps.Copy(labels, Labels(n.Name))
	maps.Copy(labels, SelectorLabels(n.Name))
	annotations["kubectl.kubernetes.io/default-container"] = NodeContainer

	yes, no, grace, id := true, false, int64(30), userID
	onMismatch := corev1.FSGroupChangeOnRootMismatch
	spec := corev1.PodSpec{
		ServiceAccountName:            n.Name,
		AutomountServiceAccountToken:  &no,
		EnableServiceLinks:            &no,
		TerminationGracePeriodSeconds: &grace,
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &id, RunAsGroup: &id, FSGroup: &id,
			FSGroupChangePolicy: &onMismatch,
			SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		NodeSelector:              n.Spec.Scheduling.NodeSelector,
		Tolerations:               tolerations(n),
		Affinity:                  affinity,
		TopologySpreadConstraints: topologySpread(n),
		PriorityClassName:         n.Spec.Scheduling.PriorityClassName,
		Containers:                []corev1.Container{nodeContainer(in)},
		Volumes:                   volumes(n),
	}
	for _, name := range n.Spec.Image.PullSecrets {
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
	}
	if ref := n.Spec.Validators.KeysSecretRef; ref != nil {
		spec.InitContainers = keyContainers(in)
		spec.Volumes = append(spec.Volumes, keyVolumes(ref.Name)...)
	}
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: annotations}, Spec: spec}, nil
}

func nodeContainer(in Input) corev1.Container {
	n := in.Network
	resources := podResources(n)
	return corev1.Container{
		Name:            NodeContainer,
		Image:           in.Image,
		ImagePullPolicy: pullPolicy(n),
		Command:         []string{"/usr/local/bin/posnet"},
		Args:            []string{"node", "--config=" + configDir + "/" + configFile},
		Env:             nodeEnv(in, resources),
		Ports: []corev1.ContainerPort{
			{Name: "api", ContainerPort: APIPort, Protocol: corev1.ProtocolTCP},
			{Name: "p2p", ContainerPort: PeerPort, Protocol: corev1.ProtocolTCP},
			{Name: "p2p-quic", ContainerPort: PeerPort, Protocol: corev1.ProtocolUDP},
			{Name: "private", ContainerPort: PrivatePort, Protocol: corev1.ProtocolTCP},
		},
		Resources: resources,
		// A node that waits for its genesis is healthy, so two minutes are for a slow disk replaying a long log.
		StartupProbe:    probe("/healthz", 1, 120),
		LivenessProbe:   probe("/healthz", 10, 6),
		ReadinessProbe:  probe("/readyz", 1, 3),
		SecurityContext: restricted(),
		// A node that refuses to start says why in its last line; this shows it in the pod's status.
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		VolumeMounts: []corev1.VolumeMount{
			{Name: dataVolume, MountPath: volumeDir},
			{Name: "config", MountPath: configDir, ReadOnly: true},
			{Name: "genesis", MountPath: genesisDir, ReadOnly: true},
			{Name: "ceremony", MountPath: ceremonyDir, ReadOnly: true},
			{Name: "tmp", MountPath: "/tmp"},
		},
	}
}

func nodeEnv(in Input, resources corev1.ResourceRequirements) []corev1.EnvVar {
	env := []corev1.EnvVar{
		podNameEnv(),
		{Name: "POSNET_NETWORK_UID", Value: string(in.Network.UID)},
		fieldEnv("POD_IP", "status.podIP"),
	}
	if limit := goMemoryLimit(resources); limit != "" {
		env = append(env, corev1.EnvVar{Name: "GOMEMLIMIT", Value: limit})
	}
	return append(env, datadogEnv(in)...)
}

func podNameEnv() corev1.EnvVar { return fieldEnv("POSNET_POD_NAME", "metadata.name") }

func fieldEnv(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{
		FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path},
	}}
}

func probe(path string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: path, Port: intstr.FromString("private"), Scheme: corev1.URISchemeHTTP,
		}},
		PeriodSeconds: period, TimeoutSeconds: 5, FailureThreshold: failures, SuccessThreshold: 1,
	}
}

// restricted is what Pod Security "restricted" asks of a container, and a read-only root.
func restricted() *corev1.SecurityContext {
	yes, no := true, false
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: &no,
		ReadOnlyRootFilesystem:   &yes,
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

func pullPolicy(n *v1alpha1.PoSNetwork) corev1.PullPolicy {
	if p := n.Spec.Image.PullPolicy; p != "" {
		return corev1.PullPolicy(p)
	}
	return corev1.PullIfNotPresent
}

func volumes(n *v1alpha1.PoSNetwork) []corev1.Volume {
	readable, secret, yes := int32(0o444), int32(0o440), true
	configMap := func(name string, optional *bool) corev1.VolumeSource {
		return corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: name}, DefaultMode: &readable, Optional: optional,
		}}
	}
	return []corev1.Volume{
		{Name: "config", VolumeSource: configMap(ConfigName(n.Name), nil)},
		// Optional: pods start before there is a genesis. A whole volume and no subPath, which would never be refreshed.
		{Name: "genesis", VolumeSource: configMap(GenesisName(n.Name), &yes)},
		{Name: "ceremony", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: CeremonyName(n.Name), DefaultMode: &secret,
		}}},
		{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
	}
}

func podAffinity(n *v1alpha1.PoSNetwork) (*corev1.Affinity, error) {
	if raw := n.Spec.Scheduling.Affinity; raw != nil && len(raw.Raw) > 0 {
		var a corev1.Affinity
		if err := json.Unmarshal(raw.Raw, &a); err != nil {
			return nil, fmt.Errorf("spec.scheduling.affinity is not an affinity of a pod: %w", err)
		}
		return &a, nil
	}
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
			Weight: 100,
			PodAffinityTerm: corev1.PodAffinityTerm{
				TopologyKey:   corev1.LabelHostname,
				LabelSelector: &metav1.LabelSelector{MatchLabels: SelectorLabels(n.Name)},
			},
		}},
	}}, nil
}

func tolerations(n *v1alpha1.PoSNetwork) []corev1.Toleration {
	var list []corev1.Toleration
	for _, t := range n.Spec.Scheduling.Tolerations {
		list = append(list, corev1.Toleration{
			Key: t.Key, Operator: corev1.TolerationOperator(t.Operator), Value: t.Value,
			Effect: corev1.TaintEffect(t.Effect), TolerationSeconds: t.TolerationSeconds,
		})
	}
	return list
}

func topologySpread(n *v1alpha1.PoSNetwork) []corev1.TopologySpreadConstraint {
	var list []corev1.TopologySpreadConstraint
	for _, t := range n.Spec.Scheduling.TopologySpread {
		action := corev1.UnsatisfiableConstraintAction(t.WhenUnsatisfiable)
		if action == "" {
			action = corev1.ScheduleAnyway
		}
		list = append(list, corev1.TopologySpreadConstraint{
			MaxSkew: max(1, t.MaxSkew), TopologyKey: t.TopologyKey, WhenUnsatisfiable: action,
			LabelSelector: &metav1.LabelSelector{MatchLabels: SelectorLabels(n.Name)},
		})
	}
	return list
}
