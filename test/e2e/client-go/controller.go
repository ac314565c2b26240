package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const finalizer = "example.test/mirror"

// mirror keeps for each ConfigMap labelled so a Secret of the same data, owned by it, and holds it by a finalizer.
type mirror struct {
	client.Client
}

func (controller *mirror) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var source corev1.ConfigMap
	if err := controller.Get(ctx, request.NamespacedName, &source); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if source.Labels["mirror"] != "yes" {
		return ctrl.Result{}, nil
	}
	copied := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: source.Name, Namespace: source.Namespace}}
	if !source.DeletionTimestamp.IsZero() {
		if err := client.IgnoreNotFound(controller.Delete(ctx, copied)); err != nil {
			return ctrl.Result{}, err
		}
		controllerutil.RemoveFinalizer(&source, finalizer)
		return ctrl.Result{}, controller.Update(ctx, &source)
	}
	if controllerutil.AddFinalizer(&source, finalizer) {
		return ctrl.Result{}, controller.Update(ctx, &source)
	}
	_, err := controllerutil.CreateOrUpdate(ctx, controller.Client, copied, func() error {
		copied.Data = map[string][]byte{"copied": []byte(source.Data["key"])}
		return controllerutil.SetControllerReference(&source, copied, controller.Scheme())
	})
	return ctrl.Result{}, err
}

// controllerRuntime runs a manager with leader election, caches and one controller, and watches it work.
func controllerRuntime(ctx context.Context, world World) (Facts, error) {
	log.SetLogger(zap.New(zap.WriteTo(discard{})))
	manager, err := ctrl.NewManager(world.Config, ctrl.Options{
		LeaderElection: true, LeaderElectionID: "mirror", LeaderElectionNamespace: world.Namespace,
		LeaderElectionReleaseOnCancel: true,
		Metrics:                       server.Options{BindAddress: "0"},
		Cache:                         cache.Options{DefaultNamespaces: map[string]cache.Config{world.Namespace: {}}},
	})
	if err != nil {
		return nil, err
	}
	err = ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}).Owns(&corev1.Secret{}).Complete(&mirror{manager.GetClient()})
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	managerContext, stop := context.WithCancel(ctx)
	defer stop()
	go func() { ended <- manager.Start(managerContext) }()

	direct, err := client.New(world.Config, client.Options{})
	if err != nil {
		return nil, err
	}
	key := client.ObjectKey{Namespace: world.Namespace, Name: "source"}
	copiedData := func() string {
		var copied corev1.Secret
		if err := direct.Get(ctx, key, &copied); err != nil {
			return ""
		}
		return string(copied.Data["copied"])
	}
	source := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: key.Namespace, Labels: map[string]string{"mirror": "yes"}},
		Data:       map[string]string{"key": "1"},
	}
	if err = direct.Create(ctx, source); err != nil {
		return nil, err
	}
	seen := []string{}
	await := func(what string, check func() bool) error {
		if err := eventually(ctx, check); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		seen = append(seen, what)
		return nil
	}
	if err = await("copied", func() bool { return copiedData() == "1" }); err != nil {
		return nil, err
	}
	change := client.MergeFrom(&corev1.ConfigMap{Data: map[string]string{"key": "1"}})
	if err = direct.Patch(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: key.Namespace}, Data: map[string]string{"key": "2"},
	}, change); err != nil {
		return nil, err
	}
	if err = await("followed a change", func() bool { return copiedData() == "2" }); err != nil {
		return nil, err
	}
	if err = direct.Delete(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: key.Namespace}}); err != nil {
		return nil, err
	}
	if err = await("made again what was deleted", func() bool { return copiedData() == "2" }); err != nil {
		return nil, err
	}
	if err = direct.Delete(ctx, source); err != nil {
		return nil, err
	}
	if err = await("cleaned up and let go", func() bool {
		return apierrors.IsNotFound(direct.Get(ctx, key, &corev1.ConfigMap{})) && apierrors.IsNotFound(direct.Get(ctx, key, &corev1.Secret{}))
	}); err != nil {
		return nil, err
	}
	stop()
	if err = <-ended; err != nil {
		return nil, fmt.Errorf("manager: %w", err)
	}
	return Facts{"seen": seen}, nil
}

type discard struct{}

func (discard) Write(text []byte) (int, error) { return len(text), nil }
