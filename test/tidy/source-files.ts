import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

/** One `import` or `export … from` of a file. */
export interface ImportEdge {
  /** As written. */
  readonly specifier: string;
  /** Path below the root for a relative import, otherwise nothing. */
  readonly target: string | undefined;
  /** Package name (`node:fs`, `@grpc/grpc-js`) for anything else. */
  readonly packageName: string | undefined;
  readonly isTypeOnly: boolean;
}

export interface SourceFile {
  /** Path below the root. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly ImportEdge[];
  readonly isTest: boolean;
}

const IMPORT = /^\s*(?:import|export)\s+(type\s)?(?:[\w*\s{},$]*?\sfrom\s*)?"([^"]+)"/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*"([^"]+)"\s*\)/g;

function edge(from: string, specifier: string, isTypeOnly: boolean): ImportEdge {
  if (specifier.startsWith(".")) {
    return { specifier, target: normalize(join(dirname(from), specifier)), packageName: undefined, isTypeOnly };
  }
  const segments = specifier.split("/");
  const packageName = specifier.startsWith("@") ? segments.slice(0, 2).join("/") : segments[0];
  return { specifier, target: undefined, packageName, isTypeOnly };
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), "utf8");
  const imports = [
    ...[...text.matchAll(IMPORT)].map(([, type, specifier]) => edge(path, specifier ?? "", type !== undefined)),
    ...[...text.matchAll(DYNAMIC_IMPORT)].map(([, specifier]) => edge(path, specifier ?? "", false)),
  ];
  return { path, text, imports, isTest: path.startsWith("test/") || path.endsWith(".test.ts") };
}

/** Every TypeScript file of the project, with its imports. */
export function sourceFiles(): readonly SourceFile[] {
  const ignored = new Set(["node_modules", ".cache", ".git"]);
  return globSync("**/*.ts", { cwd: ROOT, exclude: (entry) => ignored.has(entry) })
    .sort()
    .map(readSource);
}
