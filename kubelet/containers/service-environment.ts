/** Variables that tell a container where Services are: pure. Upstream: `pkg/kubelet/envvars/envvars.go`. */
import type { Service } from "../../shared/api/generated/core/v1.ts";

const envName = (text: string): string => text.toUpperCase().replaceAll("-", "_");

function hasClusterIp({ spec }: Service): boolean {
  return (
    spec?.clusterIP !== undefined && spec.clusterIP !== "" && spec.clusterIP !== "None" && spec.type !== "ExternalName"
  );
}

/** Services a pod of `namespace` sees: its own ones when it wants links, and always the API's. */
export function visibleServices(services: readonly Service[], namespace: string, hasLinks: boolean): Service[] {
  const seen = new Map<string, Service>();
  for (const service of services) {
    const { name, namespace: home } = service.metadata;
    const isMaster = home === "default" && name === "kubernetes";
    if (!hasClusterIp(service)) continue;
    if (isMaster && !seen.has(name)) seen.set(name, service);
    if (hasLinks && home === namespace) seen.set(name, service);
  }
  return [...seen.values()];
}

export function serviceEnvironment(services: readonly Service[]): Map<string, string> {
  const env = new Map<string, string>();
  for (const { metadata, spec } of services) {
    const prefix = envName(metadata.name);
    const host = spec?.clusterIP ?? "";
    const ports = spec?.ports ?? [];
    const [first] = ports;
    if (first === undefined) continue;
    env.set(`${prefix}_SERVICE_HOST`, host);
    env.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const { name, port } of ports) {
      if (name !== undefined && name !== "") env.set(`${prefix}_SERVICE_PORT_${envName(name)}`, String(port));
    }
    for (const port of ports) addLinks(env, prefix, host, port, port === first);
  }
  return env;
}

function addLinks(
  env: Map<string, string>,
  prefix: string,
  host: string,
  { port, protocol = "TCP" }: { port: number; protocol?: string | undefined },
  isFirst: boolean,
): void {
  const address = host.includes(":") ? `[${host}]` : host;
  const url = `${protocol.toLowerCase()}://${address}:${port}`;
  const link = `${prefix}_PORT_${port}_${protocol}`;
  if (isFirst) env.set(`${prefix}_PORT`, url);
  env.set(link, url);
  env.set(`${link}_PROTO`, protocol.toLowerCase());
  env.set(`${link}_PORT`, String(port));
  env.set(`${link}_ADDR`, host);
}
