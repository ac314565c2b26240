import type { KubeObject } from "../../../shared/resources/resource.ts";

/** Of what is configured by files beside the API; off in this release, and warned about already. */
const SUFFIX = ".static.k8s.io";

/** `WarningsForStaticSuffix` */
export function staticNameWarnings({ metadata }: KubeObject): string[] {
  if (!String(metadata.name).endsWith(SUFFIX)) return [];
  return [
    `metadata.name: names ending with ${JSON.stringify(SUFFIX)} are reserved for static manifest-based configurations and cannot be managed via the API`,
  ];
}
