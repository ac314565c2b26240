import fc from "fast-check";
import { parseImageName } from "./image-name.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("parseImageName", () => {
  it.each([
    ["busybox", "docker.io/library/busybox", "busybox:latest"],
    ["busybox:1.36", "docker.io/library/busybox", "busybox:1.36"],
    ["team/app", "docker.io/team/app", "team/app:latest"],
    ["index.docker.io/busybox", "docker.io/library/busybox", "index.docker.io/busybox:latest"],
    ["localhost/app", "localhost/app", "localhost/app:latest"],
    ["localhost:5000/app", "localhost:5000/app", "localhost:5000/app:latest"],
    ["[::1]:5000/app:v1", "[::1]:5000/app", "[::1]:5000/app:v1"],
    ["registry.k8s.io/e2e/app-x:v1", "registry.k8s.io/e2e/app-x", "registry.k8s.io/e2e/app-x:v1"],
    [`r.example/a@${DIGEST}`, "r.example/a", `r.example/a@${DIGEST}`],
    [`r.example/a:v1@${DIGEST}`, "r.example/a", `r.example/a:v1@${DIGEST}`],
  ])("reads %s", (text, repository, tagged) => {
    expect(parseImageName(text)).toEqual({ repository, tagged });
  });

  it.each([
    ["", "invalid reference format"],
    ["a b", "invalid reference format"],
    ["app:", "invalid reference format"],
    ["../../etc/passwd", "invalid reference format"],
    ["app@sha256:abc", "invalid reference format"],
    ["\u001b[31mred", "invalid reference format"],
    ["FAILED_IMAGE", "invalid reference format: repository name (library/FAILED_IMAGE) must be lowercase"],
    ["a".repeat(64), `invalid repository name (${"a".repeat(64)}), cannot specify 64-byte hexadecimal strings`],
    [`r.example/${"a".repeat(255)}`, "repository name must not be more than 255 characters"],
    ["a/".repeat(100_000), "invalid reference format"],
  ])("refuses %j", (text, problem) => {
    expect(() => parseImageName(text)).toThrow(`couldn't parse image name ${JSON.stringify(text)}: ${problem}`);
  });

  it("answers any text at once", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "-", ".", "_", "/", ":", "@", "[", "]", "A"), maxLength: 300 }),
        (text) => {
          try {
            expect(parseImageName(text).tagged.startsWith(text)).toBe(true);
          } catch (error) {
            expect(String(error)).toContain("couldn't parse image name");
          }
        },
      ),
    );
  });
});
