package main

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/util/retry"
)

func deployment(name string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name:  "main",
					Image: "example.test/web:1",
					Resources: corev1.ResourceRequirements{
						Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
					},
				}}},
			},
		},
	}
}

// typedClients takes a Deployment, a Job and a Secret through their typed clients, and reads errors as they are meant.
func typedClients(ctx context.Context, world World) (Facts, error) {
	facts := Facts{}
	deployments := world.Client.AppsV1().Deployments(world.Namespace)
	created, err := deployments.Create(ctx, deployment("web", 1), metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("create: %w", err)
	}
	facts["strategy"] = created.Spec.Strategy.Type
	facts["generation"] = created.Generation
	facts["cpu"] = created.Spec.Template.Spec.Containers[0].Resources.Requests.Cpu().String()

	_, err = deployments.Create(ctx, deployment("web", 1), metav1.CreateOptions{})
	facts["twice"] = apierrors.IsAlreadyExists(err)
	_, err = deployments.Get(ctx, "nobody", metav1.GetOptions{})
	facts["missing"] = apierrors.IsNotFound(err)
	wrong := deployment("Wrong Name", 1)
	_, err = deployments.Create(ctx, wrong, metav1.CreateOptions{})
	facts["invalid"] = apierrors.IsInvalid(err)
	stale := created.DeepCopy()
	stale.ResourceVersion = "1"
	_, err = deployments.Update(ctx, stale, metav1.UpdateOptions{})
	facts["stale"] = apierrors.IsConflict(err)

	patch := []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"A","value":"1"}]}]}}}}`)
	patched, err := deployments.Patch(ctx, "web", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return nil, fmt.Errorf("patch: %w", err)
	}
	container := patched.Spec.Template.Spec.Containers[0]
	facts["patched"] = []any{container.Image, container.Env[0].Value, patched.Generation}

	scale, err := deployments.GetScale(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("scale: %w", err)
	}
	scale.Spec = autoscalingv1.ScaleSpec{Replicas: 5}
	if _, err = deployments.UpdateScale(ctx, "web", scale, metav1.UpdateOptions{}); err != nil {
		return nil, fmt.Errorf("scale: %w", err)
	}
	current, err := deployments.Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	current.Status.ObservedGeneration = current.Generation
	current.Spec.Paused = true
	withStatus, err := deployments.UpdateStatus(ctx, current, metav1.UpdateOptions{})
	if err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	facts["status"] = []any{*withStatus.Spec.Replicas, withStatus.Spec.Paused, withStatus.Status.ObservedGeneration}

	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "once-"},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever,
			Containers:    []corev1.Container{{Name: "main", Image: "example.test/job:1"}},
		}}},
	}
	ran, err := world.Client.BatchV1().Jobs(world.Namespace).Create(ctx, job, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("job: %w", err)
	}
	facts["job"] = []any{*ran.Spec.BackoffLimit, *ran.Spec.CompletionMode, len(ran.Name) > len("once-")}

	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "bytes"},
		Data:       map[string][]byte{"all": {0, 1, 127, 128, 254, 255}},
		StringData: map[string]string{"text": "plain"},
	}
	kept, err := world.Client.CoreV1().Secrets(world.Namespace).Create(ctx, secret, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	facts["secret"] = []any{kept.Data["all"], string(kept.Data["text"]), len(kept.StringData)}

	if err := deployments.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "app=web"}); err != nil {
		return nil, fmt.Errorf("delete: %w", err)
	}
	left, err := deployments.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	facts["left"] = len(left.Items)
	return facts, nil
}

// pages reads a collection in chunks of one revision.
func pages(ctx context.Context, world World) (Facts, error) {
	configMaps := world.Client.CoreV1().ConfigMaps(world.Namespace)
	for index := range 25 {
		one := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("page-%02d", index)}}
		if _, err := configMaps.Create(ctx, one, metav1.CreateOptions{}); err != nil {
			return nil, err
		}
	}
	sizes, remaining, revisions := []int{}, []int64{}, map[string]bool{}
	options := metav1.ListOptions{Limit: 10}
	for {
		page, err := configMaps.List(ctx, options)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, len(page.Items))
		revisions[page.ResourceVersion] = true
		if page.RemainingItemCount != nil {
			remaining = append(remaining, *page.RemainingItemCount)
		}
		if page.Continue == "" {
			return Facts{"sizes": sizes, "remaining": remaining, "revisions": len(revisions)}, nil
		}
		options.Continue = page.Continue
	}
}

// plainWatch follows one name from the revision of a list, with bookmarks.
func plainWatch(ctx context.Context, world World) (Facts, error) {
	configMaps := world.Client.CoreV1().ConfigMaps(world.Namespace)
	list, err := configMaps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	follower, err := configMaps.Watch(ctx, metav1.ListOptions{
		ResourceVersion: list.ResourceVersion, FieldSelector: "metadata.name=seen", AllowWatchBookmarks: true,
	})
	if err != nil {
		return nil, err
	}
	defer follower.Stop()
	for _, name := range []string{"other", "seen"} {
		one := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err = configMaps.Create(ctx, one, metav1.CreateOptions{}); err != nil {
			return nil, err
		}
	}
	if _, err = configMaps.Patch(ctx, "seen", types.MergePatchType, []byte(`{"data":{"a":"1"}}`), metav1.PatchOptions{}); err != nil {
		return nil, err
	}
	if err = configMaps.Delete(ctx, "seen", metav1.DeleteOptions{}); err != nil {
		return nil, err
	}
	seen := []string{}
	for event := range follower.ResultChan() {
		if event.Type == watch.Bookmark {
			continue
		}
		one, isConfigMap := event.Object.(*corev1.ConfigMap)
		if !isConfigMap {
			return nil, fmt.Errorf("unexpected event: %v", event)
		}
		seen = append(seen, string(event.Type)+" "+one.Name+" "+one.Data["a"])
		if event.Type == watch.Deleted {
			break
		}
	}
	return Facts{"seen": seen}, nil
}

// retryOnConflict lets 20 writers count in one object.
func retryOnConflict(ctx context.Context, world World) (Facts, error) {
	configMaps := world.Client.CoreV1().ConfigMaps(world.Namespace)
	counter := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "counter"}, Data: map[string]string{"count": "0"}}
	if _, err := configMaps.Create(ctx, counter, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	const writers = 20
	results := make(chan error, writers)
	backoff := retry.DefaultRetry
	backoff.Steps = 200
	for range writers {
		go func() {
			results <- retry.RetryOnConflict(backoff, func() error {
				current, err := configMaps.Get(ctx, "counter", metav1.GetOptions{})
				if err != nil {
					return err
				}
				var count int
				if _, err = fmt.Sscan(current.Data["count"], &count); err != nil {
					return err
				}
				current.Data["count"] = fmt.Sprint(count + 1)
				_, err = configMaps.Update(ctx, current, metav1.UpdateOptions{})
				return err
			})
		}()
	}
	for range writers {
		if err := <-results; err != nil {
			return nil, err
		}
	}
	last, err := configMaps.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return Facts{"count": last.Data["count"]}, nil
}
