"""The Python client as people use it, against the API server of a kubeconfig file: python-client.py KUBECONFIG.

Works in a namespace of its own and prints what it saw as one JSON object; the suite beside this file judges it.
"""

import json
import sys
import threading

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException

NAMESPACE = "python"


def refusal(act):
    """Status code and reason of the refusal of what must not work."""
    try:
        act()
    except ApiException as error:
        return [error.status, json.loads(error.body)["reason"]]
    return None


def deployment(name, replicas):
    labels = {"app": name}
    container = client.V1Container(name="main", image="example.test/web:1")
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[container])
    )
    selector = client.V1LabelSelector(match_labels=labels)
    return client.V1Deployment(
        metadata=client.V1ObjectMeta(name=name),
        spec=client.V1DeploymentSpec(replicas=replicas, selector=selector, template=template),
    )


def follow(core, revision, count):
    """Watches ConfigMaps beside us until it has seen so many changes."""
    seen = []

    def run():
        watcher = watch.Watch()
        stream = watcher.stream(
            core.list_namespaced_config_map, NAMESPACE, resource_version=revision, timeout_seconds=30
        )
        for event in stream:
            seen.append([event["type"], event["object"].metadata.name, (event["object"].data or {}).get("a")])
            if len(seen) == count:
                watcher.stop()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, seen


def main():
    config.load_kube_config(sys.argv[1])
    core, apps = client.CoreV1Api(), client.AppsV1Api()
    facts = {}
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))

    revision = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    thread, seen = follow(core, revision, 4)
    for name in ("one", "two"):
        core.create_namespaced_config_map(
            NAMESPACE, client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data={"a": "1"})
        )
    core.patch_namespaced_config_map("one", NAMESPACE, {"data": {"a": "2"}})
    core.delete_namespaced_config_map("two", NAMESPACE)
    thread.join(30)
    facts["watched"] = seen

    created = apps.create_namespaced_deployment(NAMESPACE, deployment("web", 1))
    facts["created"] = [created.spec.strategy.type, created.metadata.generation, created.status.ready_replicas]
    facts["twice"] = refusal(lambda: apps.create_namespaced_deployment(NAMESPACE, deployment("web", 1)))
    facts["missing"] = refusal(lambda: apps.read_namespaced_deployment("none", NAMESPACE))
    facts["invalid"] = refusal(lambda: apps.create_namespaced_deployment(NAMESPACE, deployment("bad", -1)))
    apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 4}})
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "example.test/web:2"}]}}}}
    patched = apps.patch_namespaced_deployment("web", NAMESPACE, patch)
    facts["patched"] = [patched.spec.replicas, patched.spec.template.spec.containers[0].image]
    stale = apps.read_namespaced_deployment("web", NAMESPACE)
    apps.patch_namespaced_deployment("web", NAMESPACE, {"metadata": {"labels": {"x": "y"}}})
    stale.spec.replicas = 9
    facts["stale"] = refusal(lambda: apps.replace_namespaced_deployment("web", NAMESPACE, stale))
    facts["selected"] = [
        item.metadata.name for item in apps.list_deployment_for_all_namespaces(label_selector="x=y").items
    ]

    for index in range(7):
        core.create_namespaced_secret(
            NAMESPACE, client.V1Secret(metadata=client.V1ObjectMeta(name=f"s{index}"), string_data={"k": "v"})
        )
    pages, token = [], None
    while token != "":
        page = core.list_namespaced_secret(NAMESPACE, limit=3, **({"_continue": token} if token else {}))
        pages.append([len(page.items), page.metadata.remaining_item_count])
        token = page.metadata._continue or ""
    facts["pages"] = pages

    kinds = dynamic.DynamicClient(client.ApiClient())
    leases = kinds.resources.get(api_version="coordination.k8s.io/v1", kind="Lease")
    body = {"metadata": {"name": "held"}, "spec": {"holderIdentity": "python"}}
    facts["dynamic"] = leases.create(body=body, namespace=NAMESPACE).spec.holderIdentity
    configuration = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"b": "1"}}
    applied = kinds.server_side_apply(
        kinds.resources.get(api_version="v1", kind="ConfigMap"),
        # This version sends a body of that type as it is.
        body=json.dumps(configuration),
        name="applied",
        namespace=NAMESPACE,
        field_manager="python",
    )
    facts["applied"] = [[entry.manager, entry.operation] for entry in applied.metadata.managedFields]

    review = client.V1SelfSubjectAccessReview(
        spec=client.V1SelfSubjectAccessReviewSpec(
            resource_attributes=client.V1ResourceAttributes(verb="create", resource="pods", namespace=NAMESPACE)
        )
    )
    facts["allowed"] = client.AuthorizationV1Api().create_self_subject_access_review(review).status.allowed
    facts["version"] = client.VersionApi().get_code().minor
    apps.delete_collection_namespaced_deployment(NAMESPACE)
    facts["left"] = len(apps.list_namespaced_deployment(NAMESPACE).items)
    print(json.dumps(facts))


main()
