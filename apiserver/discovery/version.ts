import type { Info } from "../../shared/api/generated/version/info.ts";
import { goArch } from "../../shared/process/metrics.ts";
import { GIT_VERSION, KUBERNETES_MAJOR, KUBERNETES_MINOR } from "../../shared/process/version.ts";

/** The answer of `/version`; clients compare major and minor with their own. */
export function versionDocument(): Info {
  return {
    major: KUBERNETES_MAJOR,
    minor: KUBERNETES_MINOR,
    emulationMajor: KUBERNETES_MAJOR,
    emulationMinor: KUBERNETES_MINOR,
    minCompatibilityMajor: KUBERNETES_MAJOR,
    minCompatibilityMinor: String(Number(KUBERNETES_MINOR) - 1),
    gitVersion: GIT_VERSION,
    gitCommit: "0000000000000000000000000000000000000000",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: `node${process.versions.node}`,
    compiler: "node",
    platform: `linux/${goArch()}`,
  };
}
