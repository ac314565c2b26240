/** Folders and files of control groups below one mount point. Nothing here knows of pods. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../shared/process/logger.ts";
import type { GroupFile } from "./group-settings.ts";

const CONTROLLERS = [
  "cpu",
  "cpuacct",
  "cpuset",
  "memory",
  "pids",
  "blkio",
  "devices",
  "freezer",
  "hugetlb",
  "net_cls",
  "net_prio",
  "perf_event",
  "systemd",
];
/** What pods' groups need of version 2. */
const HANDED_DOWN = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"];

export class GroupTree {
  readonly isUnified: boolean;
  readonly #mount: string;
  readonly #trees: readonly string[];
  readonly #logger: Logger;

  constructor(mount: string, logger: Logger) {
    this.#mount = mount;
    this.#logger = logger;
    this.isUnified = existsSync(join(mount, "cgroup.controllers"));
    this.#trees = this.isUnified ? [mount] : CONTROLLERS.map((name) => join(mount, name)).filter(existsSync);
  }

  /** Makes the group and those above it, in every tree. */
  create(path: string): void {
    for (const tree of this.#trees) {
      this.#attempt(`could not make cgroup ${path}`, () => {
        mkdirSync(join(tree, path), { recursive: true });
        if (this.isUnified) handDown(tree, path);
      });
    }
  }

  /** Files of controllers that the machine does not have, or that refuse a value, are passed over. */
  write(path: string, files: readonly GroupFile[]): void {
    for (const { controller, file, content } of files) {
      const directory = this.isUnified ? join(this.#mount, path) : join(this.#mount, controller, path);
      if (!existsSync(directory)) continue;
      this.#attempt(`could not write ${file} of ${path}`, () => writeFileSync(join(directory, file), content));
    }
  }

  /** Number in a file; undefined when it cannot be read. */
  readNumber(path: string, controller: string, file: string): number | undefined {
    const directory = this.isUnified ? join(this.#mount, path) : join(this.#mount, controller, path);
    try {
      const number = Number(readFileSync(join(directory, `${controller}.${file}`), "utf8"));
      return Number.isFinite(number) ? number : undefined;
    } catch {
      return undefined;
    }
  }

  /** Names of the groups directly below, of all trees. */
  children(path: string): Set<string> {
    const names = new Set<string>();
    for (const tree of this.#trees) {
      const directory = join(tree, path);
      if (!existsSync(directory)) continue;
      for (const entry of readdirSync(directory, { withFileTypes: true }))
        if (entry.isDirectory()) names.add(entry.name);
    }
    return names;
  }

  remove(path: string): void {
    for (const tree of this.#trees)
      this.#attempt(`could not remove cgroup ${path}`, () => removeTree(join(tree, path)));
  }

  #attempt(what: string, action: () => void): void {
    try {
      action();
    } catch (err) {
      this.#logger.debug({ err }, what);
    }
  }
}

/** Groups are removed from the leaves; files in them go by themselves. */
function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  rmdirSync(directory);
}

/** Version 2: a group only has the controllers that its parent hands down. */
function handDown(tree: string, path: string): void {
  let directory = tree;
  for (const segment of path.split("/").filter((part) => part !== "")) {
    const available = readFileSync(join(directory, "cgroup.controllers"), "utf8").split(/\s+/);
    const wanted = HANDED_DOWN.filter((name) => available.includes(name)).map((name) => `+${name}`);
    writeFileSync(join(directory, "cgroup.subtree_control"), wanted.join(" "));
    directory = join(directory, segment);
  }
}
