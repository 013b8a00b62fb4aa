package desired

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// keyContainers bring a validator its own keys and no others. All pods of a StatefulSet mount the same Secret, so the
// first container picks the files of its ordinal into memory, the second installs them on the volume; the node container
// mounts neither the Secret nor the memory.
func keyContainers(in Input) []corev1.Container {
	container := func(name string, command string, args []string, mounts ...corev1.VolumeMount) corev1.Container {
		return corev1.Container{
			Name: name, Image: in.Image, ImagePullPolicy: pullPolicy(in.Network),
			Command: []string{command}, Args: args,
			Env:             []corev1.EnvVar{podNameEnv()},
			Resources:       podResources(in.Network),
			SecurityContext: restricted(),
			VolumeMounts:    mounts,

			TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		}
	}
	return []corev1.Container{
		container("pick-keys", "/usr/local/bin/posnet-operator",
			[]string{"pick-keys", "--from=" + broughtDir, "--to=" + pickedDir},
			corev1.VolumeMount{Name: "brought-keys", MountPath: broughtDir, ReadOnly: true},
			corev1.VolumeMount{Name: "picked-keys", MountPath: pickedDir},
		),
		container("install-keys", "/usr/local/bin/posnet",
			[]string{"keys", "install", "--from=" + pickedDir, "--data-dir=" + dataDir},
			corev1.VolumeMount{Name: "picked-keys", MountPath: pickedDir, ReadOnly: true},
			corev1.VolumeMount{Name: dataVolume, MountPath: volumeDir},
		),
	}
}

func keyVolumes(secret string) []corev1.Volume {
	mode, size := int32(0o440), resource.MustParse("64Mi")
	return []corev1.Volume{
		{Name: "brought-keys", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: secret, DefaultMode: &mode,
		}}},
		{Name: "picked-keys", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
			Medium: corev1.StorageMediumMemory, SizeLimit: &size,
		}}},
	}
}
