/**
 * Writes what follows from the controllers' declarations: the roles that the apiserver's policy reads, and the table
 * of who reads and writes what. Run by `npm run generate`; `generate.test.ts` fails when the files drift.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { controllers } from "../controllers.ts";
import { controllerRolesText, controllersDocument } from "./grants.ts";
import { EVERY_CONTROLLER } from "../settings.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Path from the root, and text, of every generated file. */
export function generatedFiles(): readonly { readonly path: string; readonly text: string }[] {
  const all = controllers(EVERY_CONTROLLER);
  return [
    { path: "shared/resources/controller-roles.json", text: controllerRolesText(all) },
    { path: "docs/generated/controllers.md", text: controllersDocument(all) },
  ];
}

if (import.meta.main) {
  for (const { path, text } of generatedFiles()) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
}
