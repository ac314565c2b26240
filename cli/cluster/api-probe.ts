import { readFileSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { join } from "node:path";
import { pidPath } from "../supervisor/process-spec.ts";
import type { Cluster } from "./cluster.ts";

export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

const PROBE_TIMEOUT_MS = 2000;

/** Asks a URL, with GET unless the options say otherwise; nothing when no answer came. */
function ask(url: string, options: RequestOptions, sent?: string): Promise<ProbeAnswer | undefined> {
  return new Promise((resolve) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const request = send(url, { timeout: PROBE_TIMEOUT_MS, agent: false, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", () => resolve(undefined));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(undefined));
    request.end(sent);
  });
}

/** Asks the API as the administrator. */
export function askApi(cluster: Cluster, path: string): Promise<ProbeAnswer | undefined> {
  return asAdministrator(cluster, path, {});
}

async function asAdministrator(
  cluster: Cluster,
  path: string,
  options: RequestOptions,
  sent?: string,
): Promise<ProbeAnswer | undefined> {
  const pem = (file: string): Buffer => readFileSync(join(cluster.pkiDir, file));
  try {
    const identity = { ca: pem("ca.crt"), cert: pem("admin.crt"), key: pem("admin.key") };
    return await ask(`https://127.0.0.1:${cluster.ports.api}${path}`, { ...identity, ...options }, sent);
  } catch (err) {
    // Certificates that were not made yet, or are gone: nobody to ask.
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw err;
  }
}

/** Asks a health page on the loopback. No secret is sent, so the server need not prove who it is. */
export function askHealth(url: string): Promise<ProbeAnswer | undefined> {
  return ask(url, { rejectUnauthorized: false });
}

export async function isApiReady(cluster: Cluster): Promise<boolean> {
  return (await askApi(cluster, "/readyz"))?.status === 200;
}

interface NodeCondition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
  readonly lastHeartbeatTime?: string;
}

interface NodeObject {
  readonly status?: { readonly conditions?: readonly NodeCondition[] };
}

/** When the kubelet of now was started. */
function kubeletStartMs(cluster: Cluster): number | undefined {
  return statSync(pidPath(cluster, "kubelet"), { throwIfNoEntry: false })?.mtimeMs;
}

/** Why the node is not Ready, or nothing when it is. What a kubelet said before its last start does not count. */
export async function whyNodeNotReady(cluster: Cluster): Promise<string | undefined> {
  const answer = await askApi(cluster, `/api/v1/nodes/${cluster.nodeName}`);
  if (answer === undefined) return "the API server does not answer";
  if (answer.status !== 200) return `the kubelet has not registered node ${cluster.nodeName}`;
  const node = JSON.parse(answer.body) as NodeObject;
  const ready = node.status?.conditions?.find((condition) => condition.type === "Ready");
  const startMs = kubeletStartMs(cluster);
  if (startMs === undefined) return "the kubelet does not run";
  // API times are whole seconds.
  const isFresh = Date.parse(ready?.lastHeartbeatTime ?? "") >= Math.floor(startMs / 1000) * 1000;
  if (ready?.status === "True" && isFresh) return undefined;
  return isFresh && ready?.message !== undefined ? ready.message : "the kubelet has not reported the node's state";
}

const CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane";

/** Says what the node is for: kubelets must not give themselves roles. True once the label is there. */
export async function labelControlPlane(cluster: Cluster): Promise<boolean> {
  const options = { method: "PATCH", headers: { "Content-Type": "application/merge-patch+json" } };
  const patch = JSON.stringify({ metadata: { labels: { [CONTROL_PLANE_LABEL]: "" } } });
  return (await asAdministrator(cluster, `/api/v1/nodes/${cluster.nodeName}`, options, patch))?.status === 200;
}

/** Creates an object unless one of its name is there. True once it is. */
export async function ensureObject(cluster: Cluster, collection: string, object: object): Promise<boolean> {
  const options = { method: "POST", headers: { "Content-Type": "application/json" } };
  const answer = await asAdministrator(cluster, collection, options, JSON.stringify(object));
  return answer?.status === 201 || answer?.status === 409;
}

/** Pods of the default namespace need its ServiceAccount. */
export async function hasDefaultServiceAccount(cluster: Cluster): Promise<boolean> {
  return (await askApi(cluster, "/api/v1/namespaces/default/serviceaccounts/default"))?.status === 200;
}
