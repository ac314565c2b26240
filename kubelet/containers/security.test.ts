import { aContainer, aPod } from "../../test/support/pod-builders.ts";
import { appArmorOf, containerSecurity, seccompOf } from "./security.ts";

describe("containerSecurity", () => {
  const image = { id: "i", tags: [], digests: [], sizeBytes: 1, uid: 0, username: "" };
  const secure = (spec: Parameters<typeof aPod>[0], user: Partial<typeof image> = {}) => {
    const pod = aPod(spec);
    const [container] = pod.spec.containers;
    const declared = { role: "main" as const, spec: container ?? aContainer("main") };
    return containerSecurity({
      pod,
      container: declared,
      image: { ...image, ...user },
      seccomp: { root: "/s", isDefault: false },
    });
  };

  it("refuses root where it is not wanted", () => {
    const securityContext = { runAsNonRoot: true };
    expect(() => secure({ securityContext })).toThrow(
      'container has runAsNonRoot and image will run as root (pod: "web_default(uid-1)", container: main)',
    );
    expect(() => secure({ securityContext: { runAsNonRoot: true, runAsUser: 0 } })).toThrow(
      "container's runAsUser breaks non-root policy",
    );
    expect(() => secure({ securityContext }, { username: "app" })).toThrow("non-numeric user (app)");
    expect(secure({ securityContext }, { uid: 1000 }).runAsUser).toBe(1000);
  });

  it("lets the container overrule its pod", () => {
    const containers = [
      aContainer("main", { securityContext: { runAsUser: 5, seccompProfile: { type: "RuntimeDefault" } } }),
    ];
    const security = secure({ containers, securityContext: { runAsUser: 1, runAsGroup: 2, fsGroup: 3 } });
    expect(security).toMatchObject({
      runAsUser: 5,
      runAsGroup: 2,
      supplementalGroups: [3],
      seccomp: { type: "RuntimeDefault" },
    });
  });

  it("unmasks what a privileged container may see", () => {
    const security = secure({ containers: [aContainer("main", { securityContext: { privileged: true } })] });
    expect(security).toMatchObject({ isPrivileged: true, maskedPaths: [], readonlyPaths: [] });
  });

  it("passes supplemental groups and their policy on", () => {
    const securityContext = { supplementalGroups: [7, 8], fsGroup: 9, supplementalGroupsPolicy: "Strict" };
    expect(secure({ securityContext })).toMatchObject({
      supplementalGroups: [7, 8, 9],
      supplementalGroupsPolicy: "Strict",
    });
    expect(secure({}).supplementalGroupsPolicy).toBe("Merge");
  });

  it.each([
    [{ type: "RuntimeDefault" }, false, { type: "RuntimeDefault" }],
    [{ type: "Unconfined" }, true, { type: "Unconfined" }],
    [{ type: "Localhost", localhostProfile: "a/b.json" }, false, { type: "Localhost", localhostRef: "/s/a/b.json" }],
    [undefined, false, { type: "Unconfined" }],
    [undefined, true, { type: "RuntimeDefault" }],
  ])("filters system calls by %j, default %s", (seccompProfile, isDefault, expected) => {
    expect(seccompOf(seccompProfile, { root: "/s", isDefault })).toEqual(expected);
  });

  it.each(["", "/etc/passwd", "../x", "a/../../x", "..", undefined])("takes no profile from %j", (localhostProfile) => {
    const profile = { type: "Localhost", ...(localhostProfile === undefined ? {} : { localhostProfile }) };
    expect(() => seccompOf(profile, { root: "/s", isDefault: false })).toThrow(/localhostProfile|not below/);
  });

  it.each([
    [{ appArmorProfile: { type: "RuntimeDefault" } }, undefined, { type: "RuntimeDefault" }],
    [
      { appArmorProfile: { type: "Localhost", localhostProfile: "mine" } },
      "unconfined",
      { type: "Localhost", localhostRef: "mine" },
    ],
    [{}, "runtime/default", { type: "RuntimeDefault" }],
    [{}, "unconfined", { type: "Unconfined" }],
    [{}, "localhost/mine", { type: "Localhost", localhostRef: "mine" }],
    [{}, undefined, undefined],
  ])("confines with AppArmor by %j and the annotation %s", (securityContext, annotation, expected) => {
    const annotations =
      annotation === undefined ? {} : { "container.apparmor.security.beta.kubernetes.io/main": annotation };
    const pod = aPod({ securityContext }, { annotations });
    expect(appArmorOf(pod, aContainer("main"))).toEqual(expected);
    expect(appArmorOf(aPod({}, { annotations }), aContainer("main", { securityContext }))).toEqual(expected);
  });
});
