/** Reads `--config` and the drop-in files of `--config-dir`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../runtime/runtime-error.ts";
import { ConfigurationError, type ConfigurationFile } from "./read-configuration.ts";

/** In the order in which they count: drop-ins are `*.conf`, by name. Throws `ConfigurationError`. */
export function configurationFiles(file: string, folder: string): ConfigurationFile[] {
  try {
    const dropIns = folder === "" ? [] : readdirSync(folder, { withFileTypes: true });
    const names = dropIns.filter((entry) => entry.isFile() && entry.name.endsWith(".conf")).map(({ name }) => name);
    const paths = [...(file === "" ? [] : [file]), ...names.toSorted().map((name) => join(folder, name))];
    return paths.map((path) => ({ path, text: readFileSync(path, "utf8") }));
  } catch (error) {
    throw new ConfigurationError(`failed to read kubelet config: ${messageOf(error)}`, { cause: error });
  }
}
