/** What unmodified kubectl shows of every kind: tables, wide ones, short names, categories, explanations. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtInStrategies } from "../../apiserver/resources/all.ts";
import { tableOf } from "../../apiserver/tables/table.ts";
import type { AnyStrategy } from "../../apiserver/registry/strategy.ts";
import { serviceAccounts } from "../../shared/resources/catalog.ts";
import { apiVersionOf, groupResourceOf } from "../../shared/resources/resource.ts";
import { apiResources } from "../support/api-resources.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { exampleName, exampleObject } from "../support/example-objects.ts";
import { type Kubectl, kubectlFor, type KubectlVersion } from "../support/kubectl.ts";
import { writeKubeconfig } from "../support/kubeconfig-file.ts";

const VERSIONS: readonly KubectlVersion[] = ["newest", "1.20"];
const MINUTE_MS = 60_000;

interface Stored {
  readonly strategy: AnyStrategy;
  /** `deployments.v1.apps`: no other version or group is meant. */
  readonly resource: string;
  readonly object: { readonly metadata: { readonly name: string } };
  readonly name: string;
}

const storable = builtInStrategies.filter((strategy) => strategy.use(({ verbs }) => verbs.includes("list")));

/** One object of each kind, numbered: some kinds share their store, and so their names. */
const stored: readonly Stored[] = storable
  .filter((strategy) => strategy.use(({ verbs }) => verbs.includes("create")))
  .map((strategy, index) => {
    const { group, version, plural, kind } = strategy.resource;
    return {
      strategy,
      resource: group === "" ? plural : `${plural}.${version}.${group}`,
      object: { apiVersion: apiVersionOf(strategy.resource), kind, ...exampleObject(strategy, index) },
      name: exampleName(strategy, index),
    };
  });

/** A table of what kubectl printed: one for each kind. */
interface Block {
  readonly headers: readonly string[];
  readonly rows: readonly string[];
}

/** Columns are three blanks apart; names of columns have single ones. */
function blocksOf(text: string): Block[] {
  return text
    .trimEnd()
    .split("\n\n")
    .map((block) => {
      const [head = "", ...rows] = block.split("\n");
      return { headers: head.trimEnd().split(/ {2,}/u), rows };
    });
}

function headersOf(strategy: AnyStrategy, isWide: boolean): string[] {
  const { columnDefinitions } = tableOf(strategy, [], { nowMs: 0 });
  return columnDefinitions.filter(({ priority }) => isWide || priority === 0).map(({ name }) => name.toUpperCase());
}

describe("kubectl and every kind", () => {
  let server: ApiServerProcess;
  let folder = "";
  const clients = new Map<KubectlVersion, Kubectl>();
  const kubectl = (version: KubectlVersion): Kubectl => {
    const found = clients.get(version) ?? kubectlFor(join(folder, version), version);
    clients.set(version, found);
    return found;
  };

  beforeAll(async () => {
    server = await startApiServerProcess();
    folder = mkdtempSync(join(tmpdir(), "kubectl-kinds-"));
    for (const version of VERSIONS) writeKubeconfig(folder, server.access, version);
    // No controller makes it here, and pods need it.
    await server.client.create(serviceAccounts, { metadata: { name: "default", namespace: "default" } });
    const items = stored.map(({ object }) => object);
    kubectl("newest").run(["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  }, 2 * MINUTE_MS);
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(VERSIONS)("kubectl %s", (version) => {
    it.each([
      { form: "plainly", isWide: false },
      { form: "widely", isWide: true },
    ])("lists every kind $form, with its own columns", ({ isWide }) => {
      const resources = stored.map(({ resource }) => resource).join(",");
      const blocks = blocksOf(kubectl(version).run(["get", resources, ...(isWide ? ["-o", "wide"] : [])]));
      const expected = stored.map(({ resource, strategy }) => [resource, ...headersOf(strategy, isWide)]);
      const shown = blocks.map(({ headers }, index) => [stored[index]?.resource, ...headers]);
      expect(shown).toEqual(expected);
      // Events have their names in a wide column.
      const named = stored.filter((_, index) => blocks[index]?.headers.includes("NAME"));
      for (const one of named) expect(blocks[stored.indexOf(one)]?.rows.join("\n")).toContain(one.name);
      expect(named.length).toBeGreaterThanOrEqual(stored.length - 2);
    });

    it("knows every resource with its short names, verbs and kind", () => {
      const text = kubectl(version).run(["api-resources", "-o", "wide", "--no-headers", "--sort-by=name"]);
      const lines = text.trim().split("\n");
      const served = new Set(builtInStrategies.map(({ resource }) => `${apiVersionOf(resource)} ${resource.kind}`));
      const facts = apiResources.filter((fact) => served.has(`${apiVersionOf(fact)} ${fact.kind}`));
      for (const { resource, group, kind, shortNames, verbs, isNamespaced } of facts) {
        // 1.20 says the group alone, later ones the version too, and both print verbs in a form of their own.
        const line = lines.find(
          (one) => one.startsWith(`${resource} `) && one.includes(group) && one.includes(` ${kind} `),
        );
        expect([resource, line]).toEqual([resource, expect.stringContaining(` ${isNamespaced} `)]);
        expect([resource, line]).toEqual([resource, expect.stringContaining(` ${shortNames.join(",")} `)]);
        for (const verb of verbs) expect(line).toContain(verb);
      }
    });

    it("finds kinds by their short names", () => {
      const short = stored
        .filter(({ strategy }) => strategy.resource.group !== "events.k8s.io")
        .flatMap(({ strategy, name }) => strategy.use(({ shortNames }) => shortNames.map((one) => ({ one, name }))));
      const printed = kubectl(version).run(["get", short.map(({ one }) => one).join(","), "-o", "name"]);
      for (const { name } of short) expect(printed).toContain(`/${name}\n`);
    });

    it("gets all", () => {
      const printed = kubectl(version).run(["get", "all", "-o", "name"]).trim().split("\n");
      const all = stored.filter(({ strategy }) => strategy.use(({ categories }) => categories.includes("all")));
      expect(all.length).toBeGreaterThanOrEqual(10);
      for (const { strategy, name } of all) {
        const { group } = strategy.resource;
        const singular = strategy.use((typed) => typed.singular);
        expect(printed).toContain(`${groupResourceOf({ group, plural: singular })}/${name}`);
      }
    });
  });

  it.each(
    builtInStrategies.map((strategy) => ({
      strategy,
      name: `${apiVersionOf(strategy.resource)} ${strategy.resource.kind}`,
    })),
  )("explains $name", ({ strategy }) => {
    const { resource } = strategy;
    const printed = kubectl("newest").run([
      "explain",
      resource.plural,
      "--recursive",
      `--api-version=${apiVersionOf(resource)}`,
    ]);
    expect(printed).toContain(`KIND:       ${resource.kind}\n`);
    expect(printed).toContain(`VERSION:    ${resource.version}\n`);
    const [, description = "", fields = ""] = /DESCRIPTION:\n([\s\S]*?)\nFIELDS:\n([\s\S]*)/u.exec(printed) ?? [];
    expect(description.trim()).not.toMatch(/^(<empty>)?$/u);
    expect(fields).toContain("  metadata\t<ObjectMeta>");
    expect(fields.split("\n").length).toBeGreaterThan(20);
  });

  it.each(["pods.spec.containers", "deployments.spec.strategy", "services.spec", "ingresses.spec.rules"])(
    "explains %s to an old kubectl, from OpenAPI 2",
    (path) => {
      const printed = kubectl("1.20").run(["explain", path]);
      expect(printed).toMatch(/DESCRIPTION:\n\s+\S/u);
      expect(printed).toMatch(/FIELDS:\n\s+\S/u);
    },
  );
});
