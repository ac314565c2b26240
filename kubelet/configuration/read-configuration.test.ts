import { readKubeletOptions } from "../flags.ts";
import { configz, goDuration } from "./configz.ts";
import { readConfiguration } from "./read-configuration.ts";
import { configurationProblems } from "./validate-configuration.ts";

const HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
const file = (body: string, path = "k.yaml") => ({ path, text: HEAD + body });

describe("the configuration", () => {
  it("has upstream's defaults when nothing is told", () => {
    const configuration = readConfiguration([]);
    expect(configuration).toMatchObject({
      port: 10_250,
      maxPods: 110,
      "authentication.anonymous.enabled": false,
      "authorization.mode": "Webhook",
      evictionPressureTransitionPeriod: 300_000,
      nodeStatusReportFrequency: 300_000,
    });
    expect(configuration.evictionHard).toEqual({
      "memory.available": "100Mi",
      "nodefs.available": "10%",
      "nodefs.inodesFree": "5%",
      "imagefs.available": "15%",
      "imagefs.inodesFree": "5%",
    });
  });

  it("takes the file before the defaults, later files before earlier ones, and flags before files", () => {
    const files = [
      file("maxPods: 20\nsyncFrequency: 1h30m\nauthentication:\n  webhook:\n    cacheTTL: 10s\n"),
      file("maxPods: 30\n", "10-more.conf"),
    ];
    expect(readConfiguration(files)).toMatchObject({
      maxPods: 30,
      syncFrequency: 5_400_000,
      "authentication.webhook.cacheTTL": 10_000,
    });
    expect(readConfiguration(files, { maxPods: 40 }).maxPods).toBe(40);
  });

  it("adds the default thresholds to the told ones only when that is asked for", () => {
    const hard = 'evictionHard: {"nodefs.available": "20%"}\n';
    expect(readConfiguration([file(hard)]).evictionHard).toEqual({ "nodefs.available": "20%" });
    expect(readConfiguration([file(`${hard}mergeDefaultEvictionSettings: true\n`)]).evictionHard).toMatchObject({
      "nodefs.available": "20%",
      "memory.available": "100Mi",
    });
  });

  it.each([
    ["an unknown field", `${HEAD}maxPodz: 3\n`, 'strict decoding error: unknown field "maxPodz"'],
    [
      "an unknown field inside",
      `${HEAD}authentication: {webhook: {on: true}}\n`,
      'strict decoding error: unknown field "authentication.webhook.on"',
    ],
    ["a field of every object", `${HEAD}constructor: 1\n`, 'unknown field "constructor"'],
    ["another version", "apiVersion: v1\nkind: KubeletConfiguration\n", 'is registered for version "v1"'],
    ["a value of another type", `${HEAD}maxPods: many\n`, "maxPods must be a number"],
    ["a list that is none", `${HEAD}clusterDNS: 10.0.0.1\n`, "clusterDNS must be a list of strings"],
    ["a duration that is none", `${HEAD}syncFrequency: soon\n`, "syncFrequency is not a duration"],
    ["a field that stands there twice", `${HEAD}maxPods: 1\nmaxPods: 2\n`, "Map keys must be unique"],
    ["a list instead of a mapping", "- 1\n", "not a mapping"],
    ["nothing", "", "not a mapping"],
  ])("refuses a file with %s, in one line that names the file", (_what, text, problem) => {
    const read = (): unknown => readConfiguration([{ path: "/etc/k.yaml", text }]);
    expect(read).toThrow(problem);
    expect(read).toThrow(/^failed to load kubelet config file, path: \/etc\/k\.yaml, error: [^\n]*$/);
  });

  it.each([
    [{ imageGCLowThresholdPercent: 90 }, "must be less than imageGCHighThresholdPercent"],
    [{ evictionSoft: { "memory.available": "1Gi" } }, "grace period must be specified"],
    [{ evictionHard: { "memory.free": "1Gi" } }, "unsupported eviction signal memory.free"],
    [{ evictionHard: { "nodefs.available": "120%" } }, "must be <= 100%"],
    [{ kubeReserved: { gpu: "1" } }, "unknown resource gpu in kubeReserved"],
    [{ systemReserved: { memory: "-1Gi" } }, "must not be negative"],
    [{ shutdownGracePeriod: 1000, shutdownGracePeriodCriticalPods: 2000 }, "must be <="],
    [{ port: 70_000 }, "port (--port) 70000 must be between 1 and 65535, inclusive"],
  ])("says what is wrong with %j", (flags, problem) => {
    expect(configurationProblems(readConfiguration([], flags)).join()).toContain(problem);
  });

  it("shows itself on /configz in the shape of the file", () => {
    const shown = configz(readConfiguration([], { maxPods: 7 }));
    expect(shown).toMatchObject({
      kind: "KubeletConfiguration",
      maxPods: 7,
      syncFrequency: "1m0s",
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: "2m0s" } },
    });
    expect([0, 100, 1500, 10_000, 300_000, 14_400_000, 90_061_000].map(goDuration)).toEqual([
      "0s",
      "100ms",
      "1.5s",
      "10s",
      "5m0s",
      "4h0m0s",
      "25h1m1s",
    ]);
  });
});

describe("the command line", () => {
  it("sets fields of the configuration by upstream's flags, maps among them", () => {
    const { options } = readKubeletOptions([
      "--eviction-hard=memory.available<500Mi,nodefs.available<5%",
      "--system-reserved",
      "cpu=100m,memory=1Gi",
      "--anonymous-auth",
      "--client-ca-file=/ca.crt",
      "--node-labels=a=b",
      "--hostname-override=Node-1",
    ]);
    expect(options.configuration.evictionHard).toEqual({ "memory.available": "500Mi", "nodefs.available": "5%" });
    expect(options.configuration.systemReserved).toEqual({ cpu: "100m", memory: "1Gi" });
    expect(options.configuration["authentication.anonymous.enabled"]).toBe(true);
    expect(options).toMatchObject({ clientCaFile: "/ca.crt", nodeLabels: { a: "b" }, nodeName: "node-1" });
  });

  it.each([
    [["--node-labels=node-role.kubernetes.io/x=y"], "unknown 'kubernetes.io' or 'k8s.io' labels"],
    [["--config=/does/not/exist"], "failed to read kubelet config"],
    [["--system-reserved=cpu"], "is not of the form key=value"],
    [["--register-with-taints=a"], "invalid taint"],
    [["--no-such-flag"], "unknown flag: --no-such-flag"],
  ])("refuses %j", (argv, problem) => {
    expect(() => readKubeletOptions(argv)).toThrow(problem);
  });
});
