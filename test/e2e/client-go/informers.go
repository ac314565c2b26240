package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
)

// counter counts what handlers hear.
type counter struct {
	mutex                    sync.Mutex
	adds, updates, deletions int
}

func (count *counter) handlers() cache.ResourceEventHandler {
	add := func(field *int) {
		count.mutex.Lock()
		defer count.mutex.Unlock()
		*field++
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { add(&count.adds) },
		UpdateFunc: func(any, any) { add(&count.updates) },
		DeleteFunc: func(any) { add(&count.deletions) },
	}
}

func (count *counter) is(adds, updates, deletions int) bool {
	count.mutex.Lock()
	defer count.mutex.Unlock()
	return count.adds == adds && count.updates == updates && count.deletions == deletions
}

func (count *counter) list() []int {
	count.mutex.Lock()
	defer count.mutex.Unlock()
	return []int{count.adds, count.updates, count.deletions}
}

func eventually(ctx context.Context, check func() bool) error {
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 20*time.Second, true,
		func(context.Context) (bool, error) { return check(), nil })
}

// change makes ten more, changes two, deletes three.
func change(ctx context.Context, world World) error {
	configMaps := world.Client.CoreV1().ConfigMaps(world.Namespace)
	var errs []error
	for index := range 10 {
		one := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("later-%d", index), Labels: map[string]string{"when": "later"}}}
		_, err := configMaps.Create(ctx, one, metav1.CreateOptions{})
		errs = append(errs, err)
	}
	for _, name := range []string{"first-0", "later-0"} {
		_, err := configMaps.Patch(ctx, name, types.MergePatchType, []byte(`{"metadata":{"labels":{"changed":"yes"}}}`), metav1.PatchOptions{})
		errs = append(errs, err)
	}
	for _, name := range []string{"first-1", "later-1", "later-2"} {
		errs = append(errs, configMaps.Delete(ctx, name, metav1.DeleteOptions{}))
	}
	return errors.Join(errs...)
}

func first(ctx context.Context, world World) error {
	for index := range 5 {
		one := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("first-%d", index)}, Data: map[string]string{"a": "1"}}
		if _, err := world.Client.CoreV1().ConfigMaps(world.Namespace).Create(ctx, one, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// sharedInformers starts five informers of one factory and follows one of them.
func sharedInformers(ctx context.Context, world World) (Facts, error) {
	if err := first(ctx, world); err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(world.Client, 0, informers.WithNamespace(world.Namespace))
	configMaps := factory.Core().V1().ConfigMaps()
	for _, other := range []cache.SharedIndexInformer{
		factory.Core().V1().Pods().Informer(),
		factory.Apps().V1().Deployments().Informer(),
		factory.Discovery().V1().EndpointSlices().Informer(),
		factory.Rbac().V1().RoleBindings().Informer(),
	} {
		if err := other.SetWatchErrorHandler(func(_ *cache.Reflector, err error) { fmt.Println("informer:", err) }); err != nil {
			return nil, err
		}
	}
	count := &counter{}
	registration, err := configMaps.Informer().AddEventHandler(count.handlers())
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	synced := factory.WaitForCacheSync(ctx.Done())
	for kind, isSynced := range synced {
		if !isSynced {
			return nil, fmt.Errorf("never synced: %s", kind)
		}
	}
	if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		return nil, errors.New("handlers never synced")
	}
	initial := count.list()
	if err = change(ctx, world); err != nil {
		return nil, err
	}
	// A late handler hears all that is there first.
	if err = eventually(ctx, func() bool { return count.is(15, 2, 3) }); err != nil {
		return nil, fmt.Errorf("saw %v: %w", count.list(), err)
	}
	late := &counter{}
	if _, err = configMaps.Informer().AddEventHandler(late.handlers()); err != nil {
		return nil, err
	}
	if err = eventually(ctx, func() bool { return late.is(12, 0, 0) }); err != nil {
		return nil, fmt.Errorf("late handler saw %v: %w", late.list(), err)
	}
	changed, err := configMaps.Lister().ConfigMaps(world.Namespace).List(labels.SelectorFromSet(labels.Set{"changed": "yes"}))
	if err != nil {
		return nil, err
	}
	return Facts{
		"synced":     len(synced),
		"initial":    initial,
		"seen":       count.list(),
		"changed":    len(changed),
		"watchLists": world.Traffic.count("/configmaps", "sendInitialEvents=true", "watch=true"),
		"lists":      world.Traffic.lists("/configmaps"),
	}, nil
}

// metadataInformers follows the same with metadata only.
func metadataInformers(ctx context.Context, world World) (Facts, error) {
	if err := first(ctx, world); err != nil {
		return nil, err
	}
	client, err := metadata.NewForConfig(world.Config)
	if err != nil {
		return nil, err
	}
	factory := metadatainformer.NewFilteredSharedInformerFactory(client, 0, world.Namespace, nil)
	configMaps := factory.ForResource(corev1.SchemeGroupVersion.WithResource("configmaps"))
	count := &counter{}
	if _, err = configMaps.Informer().AddEventHandler(count.handlers()); err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err = change(ctx, world); err != nil {
		return nil, err
	}
	if err = eventually(ctx, func() bool { return count.is(15, 2, 3) }); err != nil {
		return nil, fmt.Errorf("saw %v: %w", count.list(), err)
	}
	object, err := configMaps.Lister().ByNamespace(world.Namespace).Get("later-0")
	if err != nil {
		return nil, err
	}
	partial, isPartial := object.(*metav1.PartialObjectMetadata)
	if !isPartial {
		return nil, fmt.Errorf("unexpected object: %T", object)
	}
	return Facts{"seen": count.list(), "labels": partial.Labels}, nil
}
