/** `pods/log`: streams the kubelet's answer, as text or as WebSocket messages. */
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { type WebSocket, WebSocketServer } from "ws";
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { badRequest, type FieldError, invalid } from "../../../shared/errors/status-error.ts";
import type { RequestContext } from "../../http/request-context.ts";
import { beginAnswer, sendText } from "../../http/respond.ts";
import type { KubeletClient } from "../../node-access/kubelet-client.ts";
import { chooseContainer, findPod, locateKubelet } from "../../node-access/kubelet-location.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Handler } from "../handler.ts";

export interface LogServices {
  readonly registry: Registry;
  readonly kubelets: KubeletClient;
}

const BINARY_PROTOCOL = "binary.k8s.io";
const BASE64_PROTOCOL = "base64.binary.k8s.io";
const FORWARDED = [
  "follow",
  "previous",
  "sinceSeconds",
  "sinceTime",
  "timestamps",
  "tailLines",
  "limitBytes",
  "stream",
] as const;

/** Whole numbers and the smallest value each may have. */
const INTEGERS_MIN: Readonly<Record<string, number>> = { tailLines: 0, limitBytes: 1, sinceSeconds: 1 };

function problemsOf(query: URLSearchParams): FieldError[] {
  const problems: FieldError[] = [];
  const complain = (field: string, value: string, why: string): void => {
    problems.push({
      reason: "FieldValueInvalid",
      field,
      detail: `Invalid value: ${/^-?\d+$/.test(value) ? value : JSON.stringify(value)}: ${why}`,
    });
  };
  for (const [name, min] of Object.entries(INTEGERS_MIN)) {
    const value = query.get(name);
    if (value === null || value === "") continue;
    if (!/^-?\d+$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    if (Number(value) < min)
      complain(name, value, min === 0 ? "must be greater than or equal to 0" : "must be greater than 0");
  }
  if (query.has("sinceSeconds") && query.has("sinceTime")) {
    problems.push({
      reason: "FieldValueForbidden",
      field: "sinceSeconds",
      detail: "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
    });
  }
  const stream = query.get("stream");
  if (stream !== null && !["All", "Stdout", "Stderr"].includes(stream)) {
    problems.push({
      reason: "FieldValueNotSupported",
      field: "stream",
      detail: `Unsupported value: ${JSON.stringify(stream)}: supported values: "All", "Stderr", "Stdout"`,
    });
  }
  return problems;
}

function kubeletPath(pod: Pod, container: string, query: URLSearchParams): string {
  const forwarded = new URLSearchParams();
  for (const name of FORWARDED) {
    const value = query.get(name);
    if (value !== null && value !== "") forwarded.set(name, value);
  }
  const segments = [pod.metadata.namespace ?? "", pod.metadata.name, container].map(encodeURIComponent);
  return `/containerLogs/${segments.join("/")}?${forwarded.toString()}`;
}

const webSockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  handleProtocols: (offered) => [BINARY_PROTOCOL, BASE64_PROTOCOL].find((name) => offered.has(name)) ?? false,
});

/** One message per chunk; the socket closes normally at the end of the log. */
async function sendAsMessages(context: RequestContext, log: IncomingMessage | undefined): Promise<void> {
  const upgraded = context.upgrade?.take();
  if (upgraded === undefined) return;
  const socket = await new Promise<WebSocket>((resolve) =>
    webSockets.handleUpgrade(context.request, upgraded.socket, upgraded.head, resolve),
  );
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  void closed.then(() => log?.destroy());
  const isBase64 = socket.protocol === BASE64_PROTOCOL;
  try {
    for await (const chunk of (log ?? []) as AsyncIterable<Buffer>) {
      await new Promise<void>((resolve) => socket.send(isBase64 ? chunk.toString("base64") : chunk, () => resolve()));
    }
  } finally {
    socket.close(1000);
    await closed;
  }
}

async function sendAsText(context: RequestContext, log: IncomingMessage): Promise<void> {
  const { response } = context;
  if (!beginAnswer(context)) return;
  response.writeHead(200, { "Content-Type": "text/plain" });
  // The client must see a quiet log begin, too.
  response.flushHeaders();
  try {
    await pipeline(log, response);
  } catch {
    // Either side went away in the middle: the connection tells the other one.
    response.destroy();
  }
}

export function createLogHandler(services: LogServices): Handler {
  return async (context, target) => {
    const pod = await findPod(services.registry, target.namespace, target.name);
    const problems = problemsOf(context.query);
    if (problems.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, target.name, problems);
    const container = chooseContainer(pod, context.query.get("container") ?? "");
    const { nodeName } = pod.spec;
    if (nodeName === undefined || nodeName === "") {
      // Not placed yet: nothing was ever logged.
      return context.upgrade === undefined ? sendText(context, 200, "") : sendAsMessages(context, undefined);
    }
    const location = await locateKubelet(services.registry, nodeName);
    const log = await services.kubelets.get(location, kubeletPath(pod, container, context.query), context.signal);
    return context.upgrade === undefined ? sendAsText(context, log) : sendAsMessages(context, log);
  };
}
