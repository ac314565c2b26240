/** `pods/resize` and `pods/ephemeralcontainers`: what changes while a pod runs. */
import { rulesOf } from "../../../test/support/kind-rules.ts";
import { podStrategy } from "./pod.ts";

type Fields = Record<string, unknown>;

const rules = rulesOf(podStrategy);
const GIVEN = { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "2", memory: "2Gi" } };
const container = (more: Fields = {}): Fields => ({ name: "a", image: "a:1", resources: GIVEN, ...more });
const pod = (spec: Fields = {}, more: Fields = {}): object => ({
  ...more,
  spec: { containers: [container()], ...spec },
});
const resized = (resources: Fields, more: Fields = {}): object =>
  pod({ containers: [container({ resources, ...more })] });
const helper = (more: Fields = {}): Fields => ({ name: "debug", image: "busybox:1", ...more });
const helped = (...ephemeralContainers: Fields[]): object => pod({ ephemeralContainers });
const mirror = { metadata: { name: "x", namespace: "default", annotations: { "kubernetes.io/config.mirror": "a" } } };

describe("a resize", () => {
  const resize = (before: object, after: object): string[] => rules.change(before, after, "resize");

  it("changes cpu and memory, and policies for them", () => {
    const more = { requests: { cpu: "1500m", memory: "1Gi" }, limits: { cpu: "2", memory: "3Gi" } };
    expect(resize(pod(), resized(more))).toEqual([]);
    const after = resized(more, {
      image: "a:2",
      resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }],
    });
    const changed = rules.changed(pod(), after, "resize");
    expect(changed).toMatchObject({
      spec: { containers: [{ image: "a:1", resources: more, resizePolicy: [{ resourceName: "cpu" }] }] },
    });
  });

  it.each<[string, object, object, string]>([
    [
      "makes the pod of another class",
      pod(),
      resized({ requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } }),
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
    ],
    [
      "takes a request away",
      resized({ requests: GIVEN.requests }),
      resized({ requests: { cpu: "1" } }),
      "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
    ],
    [
      "gives something else",
      pod(),
      resized({ requests: { ...GIVEN.requests, "a.io/b": "1" }, limits: { ...GIVEN.limits, "a.io/b": "1" } }),
      "spec: Forbidden: only cpu and memory resources are mutable",
    ],
    [
      "adds a container",
      pod(),
      pod({ containers: [container(), container({ name: "b" })] }),
      "spec.containers: Forbidden: containers may not be added or removed on resize",
    ],
    [
      "renames a container",
      pod(),
      pod({ containers: [container({ name: "b" })] }),
      "spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize",
    ],
    [
      "touches what has run",
      pod({ initContainers: [container({ name: "i" })] }),
      pod({
        initContainers: [container({ name: "i", resources: { ...GIVEN, requests: { cpu: "2", memory: "1Gi" } } })],
      }),
      "spec: Forbidden: resources for non-sidecar init containers are immutable",
    ],
    ["is of a pod of the node", pod({}, mirror), pod({}, mirror), ": Forbidden: static pods cannot be resized"],
    [
      "is of a pod of another system",
      pod({ os: { name: "windows" } }),
      pod({ os: { name: "windows" } }),
      ": Forbidden: windows pods cannot be resized",
    ],
    [
      "is of a pod on an old node",
      pod(
        {},
        {
          status: {
            containerStatuses: [
              { name: "a", ready: true, restartCount: 0, image: "a:1", imageID: "", state: { running: {} } },
            ],
          },
        },
      ),
      resized({ ...GIVEN, requests: { cpu: "2", memory: "1Gi" } }),
      "spec: Forbidden: Pod running on node without support for resize",
    ],
  ])("is refused when it %s", (_, before, after, problem) => {
    expect(resize(before, after)).toContain(problem);
  });
});

describe("a container for looking in", () => {
  const change = (before: object, after: object): string[] => rules.change(before, after, "ephemeralcontainers");

  it("is added, and nothing else is", () => {
    expect(change(pod(), helped(helper()))).toEqual([]);
    expect(change(helped(helper()), helped(helper(), helper({ name: "more", targetContainerName: "a" })))).toEqual([]);
    const changed = rules.changed(
      pod(),
      pod({ ephemeralContainers: [helper()], containers: [container({ image: "a:2" })] }),
      "ephemeralcontainers",
    );
    expect(changed).toMatchObject({
      spec: { containers: [{ image: "a:1" }], ephemeralContainers: [{ name: "debug" }] },
    });
  });

  it.each<[string, object, object, string | RegExp]>([
    [
      "is gone",
      helped(helper()),
      pod(),
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n',
    ],
    [
      "is another",
      helped(helper()),
      helped(helper({ image: "busybox:2" })),
      /^spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be changed\n@@/u,
    ],
    [
      "has the name of one",
      pod(),
      helped(helper({ name: "a" })),
      'spec.ephemeralContainers[0].name: Duplicate value: "a"',
    ],
    [
      "opens ports",
      pod(),
      helped(helper({ ports: [{ containerPort: 1 }] })),
      "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
    ],
    [
      "looks into nothing",
      pod(),
      helped(helper({ targetContainerName: "b" })),
      'spec.ephemeralContainers[0].targetContainerName: Not found: "b"',
    ],
    [
      "is of a pod of the node",
      pod({}, mirror),
      pod({}, mirror),
      ": Forbidden: static pods do not support ephemeral containers",
    ],
  ])("is refused when it %s", (_, before, after, problem) => {
    const expected: unknown = typeof problem === "string" ? problem : expect.stringMatching(problem);
    expect(change(before, after)).toContainEqual(expected);
  });
});
