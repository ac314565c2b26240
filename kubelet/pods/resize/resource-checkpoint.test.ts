import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../shared/process/logger.ts";
import { ResourceCheckpoint } from "./resource-checkpoint.ts";

let folder = "";
const file = (): string => join(folder, "state", "allocated");
const open = (): ResourceCheckpoint => new ResourceCheckpoint(file(), silentLogger);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kubernode-checkpoint-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("resources of pods on disk", () => {
  it("are there again for whoever opens the file next", () => {
    const first = open();
    first.set("a", { main: { limits: { cpu: "1" } } });
    first.setContainer("a", "side", {});
    first.set("b", {});
    first.remove("b");
    expect(open().get("a")).toEqual({ main: { limits: { cpu: "1" } }, side: {} });
    expect(open().get("b")).toBeUndefined();
    expect(readdirSync(join(folder, "state"))).toEqual(["allocated"]);
  });

  it("of pods that are gone are forgotten", () => {
    open().set("a", {});
    const later = open();
    later.set("b", {});
    later.removeOthers((uid) => uid === "b");
    expect(open().get("a")).toBeUndefined();
    expect(open().get("b")).toEqual({});
  });

  it.each(["", "{", "null", '{"pods": 3}', "[]"])("start empty when the file holds %j", (content) => {
    open().set("a", {});
    writeFileSync(file(), content);
    expect(open().get("a")).toBeUndefined();
  });
});
