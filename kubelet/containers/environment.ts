/**
 * The environment of a container. Upstream: `kubelet_pods.go` makeEnvironmentVariables. Later entries win; a variable
 * may refer to earlier ones and to service variables.
 */
import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from "../../shared/api/generated/core/v1.ts";
import { configError } from "./container-error.ts";
import { expand } from "./expand.ts";
import { type PodAddresses, podFieldValue, resourceFieldValue } from "./field-ref.ts";
import { fileKeyValue } from "./file-key-ref.ts";
import { serviceEnvironment, visibleServices } from "./service-environment.ts";

/** Objects of the pod's namespace; undefined when they do not exist. */
export interface ReferencedObjects {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Pick<Container, "env" | "envFrom" | "resources" | "name">;
  readonly addresses: PodAddresses;
  readonly services: readonly Service[];
  readonly allocatable: Readonly<Record<string, string>>;
  readonly objects: ReferencedObjects;
  /** Folder of one of the pod's volumes on this machine. */
  volumePath?(volume: string): string | undefined;
}

export interface Environment {
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  lookup(name: string): string | undefined;
}

export async function containerEnvironment(input: EnvironmentInput): Promise<Environment> {
  const { pod, container } = input;
  const hasLinks = pod.spec.enableServiceLinks !== false;
  const services = serviceEnvironment(visibleServices(input.services, pod.metadata.namespace ?? "", hasLinks));
  const own = new Map<string, string>();
  await addSources(own, input);
  const lookup = (name: string): string | undefined => own.get(name) ?? services.get(name);
  for (const variable of container.env ?? []) {
    const text =
      variable.valueFrom === undefined ? expand(variable.value ?? "", lookup) : await referencedValue(variable, input);
    if (text !== undefined) own.set(variable.name, text);
  }
  const all = new Map([...services, ...own]);
  return { variables: [...all].map(([name, value]) => ({ name, value })), lookup: (name) => all.get(name) };
}

async function addSources(own: Map<string, string>, { pod, container, objects }: EnvironmentInput): Promise<void> {
  const namespace = pod.metadata.namespace ?? "";
  for (const { configMapRef, secretRef, prefix = "" } of container.envFrom ?? []) {
    if (configMapRef !== undefined) {
      const map = await objects.configMap(namespace, configMapRef.name ?? "");
      if (map === undefined && configMapRef.optional !== true)
        throw configError(`configmap "${configMapRef.name}" not found`);
      for (const [key, value] of sorted(map?.data)) own.set(prefix + key, value);
    }
    if (secretRef !== undefined) {
      const secret = await objects.secret(namespace, secretRef.name ?? "");
      if (secret === undefined && secretRef.optional !== true)
        throw configError(`secret "${secretRef.name}" not found`);
      for (const [key, value] of sorted(secret?.data)) own.set(prefix + key, fromBase64(value));
    }
  }
}

function sorted(map: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(map ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

/** Undefined when an optional reference leads nowhere. */
async function referencedValue({ valueFrom }: EnvVar, input: EnvironmentInput): Promise<string | undefined> {
  const { pod, container, addresses, objects } = input;
  const namespace = pod.metadata.namespace ?? "";
  if (valueFrom?.fieldRef !== undefined) return fieldValue(pod, valueFrom.fieldRef.fieldPath, addresses);
  if (valueFrom?.resourceFieldRef !== undefined) {
    const { containerName } = valueFrom.resourceFieldRef;
    const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
    const named = (containerName ?? "") === "" ? container : all.find(({ name }) => name === containerName);
    if (named === undefined) throw configError(`container ${containerName} not found`);
    return resourceValue(valueFrom.resourceFieldRef, named, input.allocatable);
  }
  if (valueFrom?.fileKeyRef !== undefined)
    return fileKeyValue(valueFrom.fileKeyRef, (volume) => input.volumePath?.(volume));
  if (valueFrom?.configMapKeyRef !== undefined) {
    const { name = "", key, optional } = valueFrom.configMapKeyRef;
    const map = await objects.configMap(namespace, name);
    if (map === undefined && optional !== true) throw configError(`configmap "${name}" not found`);
    const text = map?.data?.[key];
    if (text === undefined && optional !== true)
      throw configError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    return text;
  }
  if (valueFrom?.secretKeyRef !== undefined) {
    const { name = "", key, optional } = valueFrom.secretKeyRef;
    const secret = await objects.secret(namespace, name);
    if (secret === undefined && optional !== true) throw configError(`secret "${name}" not found`);
    const text = secret?.data?.[key];
    if (text === undefined && optional !== true)
      throw configError(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    return text === undefined ? undefined : fromBase64(text);
  }
  return "";
}

function fieldValue(pod: Pod, path: string, addresses: PodAddresses): string {
  try {
    return podFieldValue(pod, path, addresses);
  } catch (error) {
    throw configError(error instanceof Error ? error.message : String(error), error);
  }
}

function resourceValue(...selected: Parameters<typeof resourceFieldValue>): string {
  try {
    return resourceFieldValue(...selected);
  } catch (error) {
    throw configError(error instanceof Error ? error.message : String(error), error);
  }
}
