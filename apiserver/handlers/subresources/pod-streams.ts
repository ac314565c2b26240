/**
 * `pods/exec`, `pods/attach` and `pods/portforward`: the client's upgraded connection is handed on to the kubelet
 * byte for byte, whatever protocol it is (wire contract of kubectl: WebSocket first, SPDY as fallback).
 */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { badRequest } from "../../../shared/errors/status-error.ts";
import { joinStreams } from "../../../shared/streaming/port-forward.ts";
import { forbiddenError } from "../../authorization/forbidden.ts";
import type { AuthorizationAttributes, Authorizer } from "../../authorization/authorizer.ts";
import type { RequestContext } from "../../http/request-context.ts";
import { type KubeletClient, switchingProtocolsHead } from "../../node-access/kubelet-client.ts";
import { chooseContainer, findPod, locateKubelet, nodeOf } from "../../node-access/kubelet-location.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Handler, ResourceTarget } from "../handler.ts";

export interface PodStreamServices {
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  readonly kubelets: KubeletClient;
}

/** API parameters to those of the kubelet's URL. */
const STREAM_PARAMETERS = { stdin: "input", stdout: "output", stderr: "error", tty: "tty" } as const;

function isTrue(value: string | null): boolean {
  return value === "true" || value === "1";
}

function commandQuery(query: URLSearchParams, withCommand: boolean): string {
  const forwarded = new URLSearchParams();
  for (const [ours, theirs] of Object.entries(STREAM_PARAMETERS)) {
    if (isTrue(query.get(ours))) forwarded.set(theirs, "1");
  }
  if (withCommand) for (const argument of query.getAll("command")) forwarded.append("command", argument);
  return forwarded.toString();
}

type PathOf = (pod: Pod, query: URLSearchParams) => string;

const at = (pod: Pod): string =>
  `${encodeURIComponent(pod.metadata.namespace ?? "")}/${encodeURIComponent(pod.metadata.name)}`;

const execPath: PathOf = (pod, query) => {
  if (query.getAll("command").length === 0) throw badRequest("you must specify at least one command for the container");
  return `/exec/${at(pod)}/${chooseContainer(pod, query.get("container") ?? "")}?${commandQuery(query, true)}`;
};

const attachPath: PathOf = (pod, query) =>
  `/attach/${at(pod)}/${chooseContainer(pod, query.get("container") ?? "")}?${commandQuery(query, false)}`;

const portForwardPath: PathOf = (pod, query) => {
  const ports = query.getAll("ports").map((port) => `port=${encodeURIComponent(port)}`);
  return `/portForward/${at(pod)}${ports.length > 0 ? `?${ports.join("&")}` : ""}`;
};

/** A WebSocket arrives as GET: a caller that may only read must not get a shell (KEP-4006, since 1.35). */
function requireCreate(authorizer: Authorizer, context: RequestContext, target: ResourceTarget): void {
  if (context.info.verb === "create") return;
  const attributes: AuthorizationAttributes = {
    kind: "resource",
    verb: "create",
    group: context.info.group,
    version: context.info.version,
    resource: context.info.resource,
    subresource: target.subresource,
    namespace: target.namespace,
    name: target.name,
  };
  const decision = authorizer.authorize(context.user, attributes);
  if (!decision.isAllowed) throw forbiddenError(context.user, attributes, decision.reason);
}

function createStreamHandler(services: PodStreamServices, pathOf: PathOf): Handler {
  return async (context, target) => {
    requireCreate(services.authorizer, context, target);
    const pod = await findPod(services.registry, target.namespace, target.name);
    const path = pathOf(pod, context.query);
    const location = await locateKubelet(services.registry, nodeOf(pod));
    if (context.upgrade === undefined) throw badRequest("Upgrade request required");
    const backend = await services.kubelets.upgrade(location, path, context.request, context.signal);
    const { socket, head } = context.upgrade.take();
    socket.write(switchingProtocolsHead(backend.response));
    if (head.length > 0) backend.socket.write(head);
    joinStreams(socket, backend.socket);
    await new Promise<void>((resolve) => socket.once("close", resolve));
    backend.socket.destroy();
  };
}

export const createExecHandler = (services: PodStreamServices): Handler => createStreamHandler(services, execPath);
export const createAttachHandler = (services: PodStreamServices): Handler => createStreamHandler(services, attachPath);
export const createPortForwardHandler = (services: PodStreamServices): Handler =>
  createStreamHandler(services, portForwardPath);
