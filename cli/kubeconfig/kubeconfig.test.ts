import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { type KubeconfigEntry, kubeconfigText } from "./kubeconfig.ts";
import { withEntry, withoutEntry } from "./kubeconfig-edit.ts";
import { addToKubeconfig, isInKubeconfig, kubeconfigPaths, removeFromKubeconfig, sudoUser } from "./kubeconfig-file.ts";

const entry: KubeconfigEntry = {
  name: "kubernode-one",
  server: "https://127.0.0.1:6443",
  certificateAuthority: "CA",
  client: { certificate: "CERT", key: "KEY" },
};

const FOREIGN = `# my clusters
apiVersion: v1
kind: Config
clusters:
  - name: work # do not touch
    cluster: { server: "https://work:6443" }
users: []
contexts:
  - { name: work, context: { cluster: work, user: me } }
current-context: work
`;

describe("edits of a kubeconfig", () => {
  it("keeps what belongs to others, comments included", () => {
    const text = withEntry(FOREIGN, "config", entry);
    expect(text).toContain("# my clusters");
    expect(text).toContain("# do not touch");
    const config = parse(text) as { clusters: { name: string }[]; "current-context": string };
    expect(config.clusters.map((cluster) => cluster.name)).toEqual(["work", "kubernode-one"]);
    expect(config["current-context"]).toBe("kubernode-one");
  });

  it("replaces an entry of the same name instead of adding a second", () => {
    const once = withEntry("", "config", entry);
    const twice = withEntry(once, "config", { ...entry, server: "https://127.0.0.1:7443" });
    const config = parse(twice) as { clusters: { cluster: { server: string } }[]; users: unknown[] };
    expect(config.clusters.map((cluster) => cluster.cluster.server)).toEqual(["https://127.0.0.1:7443"]);
    expect(config.users).toHaveLength(1);
  });

  it("takes the entry out again and clears the current context only when it was it", () => {
    const removed = withoutEntry(withEntry(FOREIGN, "config", entry), "config", entry.name);
    const config = parse(removed ?? "") as { clusters: unknown[]; "current-context": string };
    expect(config.clusters).toHaveLength(1);
    expect(config["current-context"]).toBe("");
    expect(withoutEntry(FOREIGN, "config", entry.name)).toBeUndefined();
  });

  it("refuses a file that is not a kubeconfig, with its name", () => {
    expect(() => withEntry("- a\n- b\n", "/home/me/.kube/config", entry)).toThrow(
      "/home/me/.kube/config is not a kubeconfig",
    );
    expect(() => withEntry("a: [", "config", entry)).toThrow("is not a kubeconfig");
  });

  it("embeds certificates as base64", () => {
    const config = parse(kubeconfigText(entry)) as { users: { user: Record<string, string> }[] };
    expect(config.users[0]?.user["client-key-data"]).toBe(Buffer.from("KEY").toString("base64"));
  });
});

describe("the kubeconfig on disk", () => {
  let folder = "";
  const saved = process.env["KUBECONFIG"];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    if (saved === undefined) delete process.env["KUBECONFIG"];
    else process.env["KUBECONFIG"] = saved;
  });

  it("is private, and gone when nothing is left in it", async () => {
    const path = join(folder, "sub", "config");
    process.env["KUBECONFIG"] = path;
    expect(await addToKubeconfig(entry)).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(isInKubeconfig(entry.name)).toBe(true);
    await removeFromKubeconfig(entry.name);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it("goes to the file of the list that already holds the entry, through a symbolic link", async () => {
    const [first, second, link] = [join(folder, "a"), join(folder, "b"), join(folder, "link")];
    writeFileSync(first, FOREIGN);
    writeFileSync(second, kubeconfigText(entry));
    symlinkSync(second, link);
    process.env["KUBECONFIG"] = `${first}:${link}`;
    await addToKubeconfig({ ...entry, server: "https://127.0.0.1:9443" });
    expect(readFileSync(first, "utf8")).toBe(FOREIGN);
    expect(readFileSync(second, "utf8")).toContain("9443");
  });

  it("is the calling user's under sudo", () => {
    const passwd = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n";
    const user = sudoUser({ SUDO_UID: "1000", SUDO_GID: "1000" }, passwd);
    expect(kubeconfigPaths({ HOME: "/root" }, user)).toEqual(["/home/ann/.kube/config"]);
    expect(kubeconfigPaths({ HOME: "/root" }, sudoUser({}, passwd))).toEqual(["/root/.kube/config"]);
    expect(kubeconfigPaths({ KUBECONFIG: "/a:/b" }, user)).toEqual(["/a", "/b"]);
  });
});
