/**
 * GET and LIST of ComponentStatuses (`pkg/registry/core/componentstatus`): asks the store, and the health ports of the
 * scheduler and the controller manager on this machine, whenever it is asked itself.
 */
import { request } from "node:https";
import type { ComponentStatus } from "../../shared/api/generated/core/v1.ts";
import { StatusError } from "../../shared/errors/status-error.ts";
import { componentStatuses } from "../../shared/resources/catalog.ts";
import { negotiate } from "../http/negotiate.ts";
import type { RequestContext } from "../http/request-context.ts";
import { sendObject } from "../http/respond.ts";
import type { Storage } from "../storage/storage.ts";
import { tableOf } from "../tables/table.ts";
import type { ApiServices, Handler, ResourceTarget } from "./handler.ts";
import { includeObjectOf } from "./read/include-object.ts";
import { parseListOptions } from "./read/list-options.ts";
import { notForLists, onlyForLists } from "./read/representation.ts";

/** Resolves with what it says of itself, rejects with why it cannot be asked. */
type Probe = () => Promise<string>;

const PROBE_TIMEOUT_MS = 5000;
/** Nobody reads more of an answer. */
const ANSWER_LENGTH_MAX = 1024;
const CONTROLLER_MANAGER_PORT = 10_257;
const SCHEDULER_PORT = 10_259;

/** `/healthz` needs no credentials, and the certificate behind it may be self-signed. */
function healthOf(port: number): Promise<string> {
  const options = { host: "127.0.0.1", port, path: "/healthz", rejectUnauthorized: false, timeout: PROBE_TIMEOUT_MS };
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text = (text + chunk).slice(0, ANSWER_LENGTH_MAX);
      });
      response.once("error", reject).once("end", () => {
        if (response.statusCode === 200) resolve(text.trim());
        else reject(new Error(`HTTP probe failed with statuscode: ${response.statusCode ?? 0}`));
      });
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error("the component did not answer in time")));
    outgoing.once("error", reject).end();
  });
}

/** By name, in the order of names. */
function probesOf(storage: Storage): ReadonlyMap<string, Probe> {
  const askStore = async (): Promise<string> => {
    await storage.currentRevision();
    return "ok";
  };
  return new Map<string, Probe>([
    ["controller-manager", () => healthOf(CONTROLLER_MANAGER_PORT)],
    ["etcd-0", askStore],
    ["scheduler", () => healthOf(SCHEDULER_PORT)],
  ]);
}

async function statusOf(name: string, probe: Probe): Promise<ComponentStatus> {
  const object = { kind: "ComponentStatus", apiVersion: "v1", metadata: { name } };
  try {
    return { ...object, conditions: [{ type: "Healthy", status: "True", message: await probe() }] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...object, conditions: [{ type: "Healthy", status: "False", message: "", error: why }] };
  }
}

type Dependencies = Pick<ApiServices, "storage" | "clock">;

export function createComponentStatusHandler({ storage, clock }: Dependencies): Handler {
  const probes = probesOf(storage);
  return async (context, target) => {
    const form = negotiate(context.request.headers.accept, { hasProtobuf: false });
    const isList = context.info.verb === "list";
    if (form.as === "PartialObjectMetadata" && isList) throw notForLists(componentStatuses);
    if (form.as === "PartialObjectMetadataList" && !isList) throw onlyForLists(componentStatuses);
    const objects = isList ? await all(probes, context) : [await one(probes, target.name)];
    sendObject(context, 200, answerOf(objects, context, target, clock.nowMs()));
  };
}

async function all(probes: ReadonlyMap<string, Probe>, context: RequestContext): Promise<ComponentStatus[]> {
  const { labels, fields } = parseListOptions(context.query, false);
  const isWanted = (name: string): boolean =>
    labels.matches({}) &&
    fields.every((one) => one.field === "metadata.name" && (one.value === name) === (one.operator === "="));
  const wanted = [...probes].filter(([name]) => isWanted(name));
  return Promise.all(wanted.map(([name, probe]) => statusOf(name, probe)));
}

async function one(probes: ReadonlyMap<string, Probe>, name: string): Promise<ComponentStatus> {
  const probe = probes.get(name);
  // Upstream says it by an error that is none of the API's.
  if (probe === undefined)
    throw new StatusError("InternalError", `Internal error occurred: Component not found: ${name}`);
  return statusOf(name, probe);
}

function answerOf(
  objects: readonly ComponentStatus[],
  { info, query, request: { headers } }: RequestContext,
  { strategy }: ResourceTarget,
  nowMs: number,
): object {
  const { as, version } = negotiate(headers.accept, { hasProtobuf: false });
  const apiVersion = `meta.k8s.io/${version}`;
  if (as === "Table") return tableOf(strategy, objects, { includeObject: includeObjectOf(query), nowMs, apiVersion });
  const shown =
    as === undefined
      ? objects
      : objects.map(({ metadata }) => ({ kind: "PartialObjectMetadata", apiVersion, metadata }));
  if (info.verb !== "list") return shown[0] ?? {};
  const kind = as === undefined ? "ComponentStatusList" : "PartialObjectMetadataList";
  return { kind, apiVersion: as === undefined ? "v1" : apiVersion, metadata: {}, items: shown };
}
