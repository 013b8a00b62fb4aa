package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group of posnet.
const Group = "posnet.dev"

// Kind is the name of the one kind of this group.
const Kind = "PoSNetwork"

// GroupVersion is the group and version of this package.
var GroupVersion = schema.GroupVersion{Group: Group, Version: "v1alpha1"}

// AddToScheme teaches s the types of this package.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &PoSNetwork{}, &PoSNetworkList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
