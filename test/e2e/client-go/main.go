// Client-go and controller-runtime as programs use them, against the API server of a kubeconfig file. Each scenario works
// in a namespace of its own and prints what it saw as one JSON object: the suite beside this folder judges it.
//
//	client-go KUBECONFIG SCENARIO
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Facts are what a scenario saw, by name.
type Facts map[string]any

// World is what every scenario starts from.
type World struct {
	Config    *rest.Config
	Client    kubernetes.Interface
	Namespace string
	Traffic   *Traffic
}

type scenario func(context.Context, World) (Facts, error)

var scenarios = map[string]scenario{
	"typed":              typedClients,
	"pages":              pages,
	"watch":              plainWatch,
	"informers":          sharedInformers,
	"metadata-informers": metadataInformers,
	"leader-election":    leaderElection,
	"apply":              serverSideApply,
	"apply-conflict":     applyConflict,
	"dynamic":            dynamicClients,
	"retry-on-conflict":  retryOnConflict,
	"events":             recordEvents,
	"controller":         controllerRuntime,
	"reviews":            reviews,
}

// The longest that a scenario may take.
const patience = 50 * time.Second

func main() {
	if len(os.Args) != 3 || scenarios[os.Args[2]] == nil {
		fmt.Fprintln(os.Stderr, "usage: client-go KUBECONFIG SCENARIO")
		os.Exit(2)
	}
	facts, err := run(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(facts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig, name string) (Facts, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	// What kube-controller-manager and the scheduler ask for: protobuf, or else JSON.
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.QPS, config.Burst = 200, 400
	traffic := &Traffic{}
	config.Wrap(traffic.wrap)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	namespace, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "go-" + name + "-"},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("namespace: %w", err)
	}
	facts, err := scenarios[name](ctx, World{Config: config, Client: client, Namespace: namespace.Name, Traffic: traffic})
	if err == nil {
		facts["contentTypes"] = traffic.contentTypes()
	}
	return facts, err
}
