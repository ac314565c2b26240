package main

import (
	"context"
	"errors"
	"fmt"
	"sort"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
)

func applied(namespace string, image string) *appsapply.DeploymentApplyConfiguration {
	labels := map[string]string{"app": "applied"}
	return appsapply.Deployment("applied", namespace).WithLabels(labels).WithSpec(appsapply.DeploymentSpec().
		WithReplicas(2).
		WithSelector(metaapply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(coreapply.PodTemplateSpec().WithLabels(labels).WithSpec(coreapply.PodSpec().
			WithContainers(coreapply.Container().WithName("main").WithImage(image).
				WithPorts(coreapply.ContainerPort().WithContainerPort(80))))))
}

func managers(entries []metav1.ManagedFieldsEntry) []string {
	names := []string{}
	for _, entry := range entries {
		names = append(names, fmt.Sprintf("%s %s %s%s", entry.Manager, entry.Operation, entry.APIVersion, entry.Subresource))
	}
	sort.Strings(names)
	return names
}

// serverSideApply creates by apply, extracts what it owns, leaves a field out, and adds a container by a second manager.
func serverSideApply(ctx context.Context, world World) (Facts, error) {
	facts := Facts{}
	deployments := world.Client.AppsV1().Deployments(world.Namespace)
	owner := metav1.ApplyOptions{FieldManager: "owner"}
	created, err := deployments.Apply(ctx, applied(world.Namespace, "example.test/a:1"), owner)
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	again, err := deployments.Apply(ctx, applied(world.Namespace, "example.test/a:1"), owner)
	if err != nil {
		return nil, fmt.Errorf("apply again: %w", err)
	}
	facts["unchanged"] = created.ResourceVersion == again.ResourceVersion
	extracted, err := appsapply.ExtractDeployment(again, "owner")
	if err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	facts["extracted"] = extracted

	sidecar := appsapply.Deployment("applied", world.Namespace).WithSpec(appsapply.DeploymentSpec().
		WithTemplate(coreapply.PodTemplateSpec().WithSpec(coreapply.PodSpec().
			WithContainers(coreapply.Container().WithName("sidecar").WithImage("example.test/sidecar:1")))))
	if _, err = deployments.Apply(ctx, sidecar, metav1.ApplyOptions{FieldManager: "mesh"}); err != nil {
		return nil, fmt.Errorf("sidecar: %w", err)
	}
	// The owner no longer says how many replicas it wants, nor which port: the first goes to its default.
	less := applied(world.Namespace, "example.test/a:2")
	less.Spec.Replicas = nil
	less.Spec.Template.Spec.Containers[0].Ports = nil
	last, err := deployments.Apply(ctx, less, owner)
	if err != nil {
		return nil, fmt.Errorf("apply less: %w", err)
	}
	containers := []string{}
	for _, container := range last.Spec.Template.Spec.Containers {
		containers = append(containers, fmt.Sprintf("%s %s %d", container.Name, container.Image, len(container.Ports)))
	}
	facts["containers"] = containers
	facts["replicas"] = *last.Spec.Replicas

	status := appsapply.Deployment("applied", world.Namespace).
		WithStatus(appsapply.DeploymentStatus().WithObservedGeneration(last.Generation).WithReplicas(1))
	withStatus, err := deployments.ApplyStatus(ctx, status, metav1.ApplyOptions{FieldManager: "controller", Force: true})
	if err != nil {
		return nil, fmt.Errorf("apply status: %w", err)
	}
	facts["status"] = withStatus.Status.Replicas
	facts["managers"] = managers(withStatus.ManagedFields)
	return facts, nil
}

// applyConflict takes a field that somebody else applied: refused with its causes, then by force; then both share it.
func applyConflict(ctx context.Context, world World) (Facts, error) {
	facts := Facts{}
	configMaps := world.Client.CoreV1().ConfigMaps(world.Namespace)
	with := func(value string) *coreapply.ConfigMapApplyConfiguration {
		return coreapply.ConfigMap("shared", world.Namespace).WithData(map[string]string{"key": value})
	}
	if _, err := configMaps.Apply(ctx, with("1"), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return nil, err
	}
	_, err := configMaps.Apply(ctx, with("2"), metav1.ApplyOptions{FieldManager: "two"})
	var status apierrors.APIStatus
	if !apierrors.IsConflict(err) || !errors.As(err, &status) {
		return nil, fmt.Errorf("no conflict: %w", err)
	}
	facts["message"] = status.Status().Message
	facts["causes"] = status.Status().Details.Causes
	if _, err = configMaps.Apply(ctx, with("1"), metav1.ApplyOptions{FieldManager: "two"}); err != nil {
		return nil, fmt.Errorf("share: %w", err)
	}
	taken, err := configMaps.Apply(ctx, with("3"), metav1.ApplyOptions{FieldManager: "three", Force: true})
	if err != nil {
		return nil, fmt.Errorf("force: %w", err)
	}
	facts["taken"] = taken.Data
	facts["managers"] = managers(taken.ManagedFields)
	// An update by a third party takes ownership without asking.
	if _, err = configMaps.Patch(ctx, "shared", types.MergePatchType, []byte(`{"data":{"key":"4"}}`), metav1.PatchOptions{FieldManager: "patcher"}); err != nil {
		return nil, err
	}
	_, err = configMaps.Apply(ctx, with("3"), metav1.ApplyOptions{FieldManager: "three"})
	facts["afterPatch"] = fmt.Sprint(err)
	return facts, nil
}
