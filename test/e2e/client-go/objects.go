package main

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/events"
)

// dynamicClients finds kinds by discovery and handles objects without their types.
func dynamicClients(ctx context.Context, world World) (Facts, error) {
	facts := Facts{}
	config := rest.CopyConfig(world.Config)
	config.ContentType, config.AcceptContentTypes = "application/json", "application/json"
	finder, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	groups, resources, err := finder.ServerGroupsAndResources()
	if err != nil {
		return nil, err
	}
	facts["groups"], facts["versions"] = len(groups), len(resources)
	found, err := restmapper.GetAPIGroupResources(finder)
	if err != nil {
		return nil, err
	}
	mapper := restmapper.NewShortcutExpander(restmapper.NewDiscoveryRESTMapper(found), finder, nil)
	byShortName, err := mapper.ResourceFor(schema.GroupVersionResource{Resource: "deploy"})
	if err != nil {
		return nil, err
	}
	facts["shortName"] = byShortName.String()
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"})
	if err != nil {
		return nil, err
	}
	facts["namespaced"] = mapping.Scope.Name() == meta.RESTScopeNameNamespace
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	ingresses := client.Resource(mapping.Resource).Namespace(world.Namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
		"metadata": map[string]any{"name": "web"},
		"spec": map[string]any{"defaultBackend": map[string]any{
			"service": map[string]any{"name": "web", "port": map[string]any{"number": int64(80)}},
		}},
	}}
	created, err := ingresses.Create(ctx, object, metav1.CreateOptions{FieldValidation: "Strict"})
	if err != nil {
		return nil, err
	}
	facts["uid"] = len(created.GetUID()) == 36
	object.Object["metadata"].(map[string]any)["name"] = "typo"
	object.Object["spec"].(map[string]any)["defaultBackand"] = "x"
	_, err = ingresses.Create(ctx, object, metav1.CreateOptions{FieldValidation: "Strict"})
	facts["strict"] = fmt.Sprint(err)
	version, err := finder.ServerVersion()
	if err != nil {
		return nil, err
	}
	facts["version"] = version.Major + "." + version.Minor
	return facts, nil
}

// recordEvents sends Events as controllers do: the same one again becomes a series.
func recordEvents(ctx context.Context, world World) (Facts, error) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "box"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "example.test/box:1"}}},
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	if _, err := world.Client.CoreV1().ServiceAccounts(world.Namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	created, err := world.Client.CoreV1().Pods(world.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: world.Client.EventsV1()})
	broadcaster.StartRecordingToSink(ctx.Done())
	defer broadcaster.Shutdown()
	recorder := broadcaster.NewRecorder(scheme.Scheme, "tester")
	selector := "involvedObject.name=box,reason=Tested,type=Warning"
	var seen *corev1.EventList
	repeat := func(isSeries bool) error {
		recorder.Eventf(created, nil, corev1.EventTypeWarning, "Tested", "Testing", "tested %s", created.Name)
		return eventually(ctx, func() bool {
			seen, err = world.Client.CoreV1().Events(world.Namespace).List(ctx, metav1.ListOptions{FieldSelector: selector})
			return err == nil && len(seen.Items) == 1 && (seen.Items[0].Series != nil) == isSeries
		})
	}
	for _, isSeries := range []bool{false, true} {
		if err := repeat(isSeries); err != nil {
			return nil, fmt.Errorf("saw %v: %w", seen, err)
		}
	}
	event := seen.Items[0]
	return Facts{"message": event.Message, "controller": event.ReportingController, "count": event.Series.Count}, nil
}

// reviews asks who it is, what it and others may do, and for a token that the server then knows.
func reviews(ctx context.Context, world World) (Facts, error) {
	facts := Facts{}
	self, err := world.Client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	facts["self"] = []any{self.Status.UserInfo.Username, self.Status.UserInfo.Groups}
	attributes := &authorizationv1.ResourceAttributes{Namespace: world.Namespace, Verb: "get", Resource: "pods"}
	access, err := world.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{User: "nobody", ResourceAttributes: attributes},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	facts["nobody"] = access.Status.Allowed
	accounts := world.Client.CoreV1().ServiceAccounts(world.Namespace)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}
	if _, err = accounts.Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	seconds := int64(900)
	token, err := accounts.CreateToken(ctx, "robot", &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	review, err := world.Client.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: token.Status.Token},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	facts["token"] = []any{review.Status.Authenticated, review.Status.User.Username == "system:serviceaccount:"+world.Namespace+":robot"}
	return facts, nil
}
