/** The life of pods on a real containerd: kinds of containers, restarts, hooks, ends. Needs root. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { TOOLBOX_IMAGE } from "../support/images.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { conditionOf, containerOf, FOREVER, isOver, isReady, NodePods, shell } from "../support/node-pods.ts";
import { until } from "../support/until.ts";

const START_TIMEOUT_MS = 120_000;

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;

beforeAll(async () => {
  api = await startTestApiServer();
  node = new KubeletNode(api);
  pods = new NodePods(api, node);
  await pods.prepare();
  await node.start();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await api?.stop();
}, START_TIMEOUT_MS);

describe("ephemeral containers", () => {
  it("start in a running pod and end without being restarted", async () => {
    await pods.create("debugged", {});
    await pods.until("debugged", isReady);
    const debug = {
      name: "debug",
      image: TOOLBOX_IMAGE,
      command: ["sh", "-c", "ps; sleep 1"],
      targetContainerName: "main",
    };
    await pods.patch("debugged", { spec: { ephemeralContainers: [debug] } }, "ephemeralcontainers");
    await pods.until("debugged", (pod) => containerOf(pod, "debug").state?.running !== undefined);
    const pod = await pods.until("debugged", (pod) => containerOf(pod, "debug").state?.terminated !== undefined);
    expect(containerOf(pod, "debug")).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 0 } } });
    expect(pod.status?.phase).toBe("Running");
    await pods.end("debugged");
  });
});

const WORK = { name: "work", mountPath: "/notes" };
const work = { volumes: [{ name: "work", emptyDir: {} }] };

/** Lines that the containers of the pod wrote into its shared file. */
async function linesOf(name: string, uid = ""): Promise<string[]> {
  const file = join(node.folder, "kubelet-root", "pods", uid, "volumes", "kubernetes.io~empty-dir", "work", "log");
  await pods.get(name);
  return readFileSync(file, "utf8").trim().split("\n");
}

describe("sidecars", () => {
  it("start in order before the main containers and end in reverse order after them", async () => {
    const say = (who: string) => `echo ${who} >> /notes/log; trap 'echo end-${who} >> /notes/log; exit 0' TERM`;
    const forever = "while true; do sleep 0.1; done";
    const side = (name: string) =>
      shell(`sleep 0.3; ${say(name)}; touch /notes/${name}; ${forever}`, {
        name,
        restartPolicy: "Always",
        volumeMounts: [WORK],
        startupProbe: { exec: { command: ["test", "-f", `/notes/${name}`] }, periodSeconds: 1, failureThreshold: 20 },
        lifecycle: { preStop: { exec: { command: ["sh", "-c", `echo stop-${name} >> /notes/log`] } } },
      });
    const { metadata } = await pods.create("ordered", {
      ...work,
      terminationGracePeriodSeconds: 20,
      initContainers: [
        side("one"),
        shell("echo setup >> /notes/log", { name: "setup", volumeMounts: [WORK] }),
        side("two"),
      ],
      containers: [shell(`${say("main")}; ${forever}`, { volumeMounts: [WORK] })],
    });
    await pods.until("ordered", isReady);
    await pods.delete("ordered");
    let lines: string[] = [];
    await until(async () => {
      lines = await linesOf("ordered", metadata.uid).catch(() => lines);
      return lines.includes("end-one") || lines.length >= 9;
    }).catch(() => undefined);
    await pods.untilGone("ordered");
    expect(lines.slice(0, 4)).toEqual(["one", "setup", "two", "main"]);
    expect(lines.slice(4, 7).toSorted()).toEqual(["end-main", "stop-one", "stop-two"]);
    expect(lines.slice(7)).toEqual(["end-two", "end-one"]);
  });

  it("do not keep a pod alive whose main containers are done", async () => {
    await pods.create("served", {
      restartPolicy: "Never",
      initContainers: [shell(FOREVER, { name: "side", restartPolicy: "Always" })],
      containers: [shell("sleep 0.5")],
    });
    const pod = await pods.until("served", isOver);
    expect(pod.status?.phase).toBe("Succeeded");
    expect(containerOf(pod, "side").state?.terminated).toBeDefined();
    await pods.end("served");
  });
});

describe("init containers", () => {
  it("that fail for good fail the pod, and its main containers never start", async () => {
    await pods.create("unready", { restartPolicy: "Never", initContainers: [shell("exit 4", { name: "setup" })] });
    const pod = await pods.until("unready", isOver);
    expect(pod.status?.phase).toBe("Failed");
    expect(containerOf(pod, "setup").state?.terminated?.exitCode).toBe(4);
    expect(containerOf(pod).state?.waiting?.reason).toBe("PodInitializing");
    expect(conditionOf(pod, "Initialized")).toMatchObject({
      status: "False",
      reason: "ContainersNotInitialized",
      message: "containers with incomplete status: [setup]",
    });
    await pods.end("unready");
  });

  it("that fail are tried again until they succeed", async () => {
    const script = "test -f /notes/seen && exit 0; touch /notes/seen; exit 1";
    await pods.create("retried", { ...work, initContainers: [shell(script, { name: "setup", volumeMounts: [WORK] })] });
    const pod = await pods.until("retried", isReady);
    expect(containerOf(pod, "setup")).toMatchObject({ ready: true, restartCount: 1 });
    await pods.end("retried");
  });
});

describe("restarts", () => {
  it("follow the rules of one container, whatever the policy of the pod", async () => {
    const script = "test -f /notes/seen && exit 0; touch /notes/seen; exit 42";
    await pods.create("ruled", {
      ...work,
      restartPolicy: "Never",
      containers: [
        shell(script, {
          volumeMounts: [WORK],
          restartPolicy: "Never",
          restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
        }),
      ],
    });
    const pod = await pods.until("ruled", isOver);
    expect(pod.status?.phase).toBe("Succeeded");
    expect(containerOf(pod).restartCount).toBe(1);
    await pods.end("ruled");
  });

  it("of all containers begin with the init containers, in the same sandbox", async () => {
    const script = `test -f /notes/seen && { ${FOREVER}; }; touch /notes/seen; sleep 0.5; exit 42`;
    await pods.create("again", {
      ...work,
      restartPolicy: "Never",
      initContainers: [shell("true", { name: "setup" })],
      containers: [
        shell(script, {
          volumeMounts: [WORK],
          restartPolicy: "Never",
          restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [42] } }],
        }),
        shell(FOREVER, { name: "other" }),
      ],
    });
    const first = await pods.until("again", isReady);
    const pod = await pods.until("again", (pod) => isReady(pod) && containerOf(pod).restartCount === 1);
    expect(containerOf(pod, "setup").restartCount).toBe(1);
    expect(containerOf(pod, "other").restartCount).toBe(1);
    expect(pod.status?.podIP).toBe(first.status?.podIP);
    await pods.end("again");
  });

  it("after a failed probe come even when the container then ends well", async () => {
    await pods.create("polite", {
      restartPolicy: "OnFailure",
      containers: [
        shell(FOREVER, {
          livenessProbe: {
            exec: { command: ["false"] },
            periodSeconds: 1,
            failureThreshold: 1,
            terminationGracePeriodSeconds: 5,
          },
        }),
      ],
    });
    const pod = await pods.until("polite", (pod) => containerOf(pod).restartCount > 0);
    expect(pod.status?.phase).toBe("Running");
    expect(containerOf(pod).lastState?.terminated?.exitCode).toBe(0);
    await pods.end("polite");
  });
});
