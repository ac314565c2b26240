import { aContainer, aPod } from "../../test/support/pod-builders.ts";
import { hugePageSize, memorySize } from "./empty-dir.ts";

const MI = 1024 ** 2;
const limited = (...limits: (string | undefined)[]) =>
  aPod({
    containers: limits.map((memory, index) => ({
      ...aContainer(`c${index}`),
      resources: memory === undefined ? {} : { limits: { memory } },
    })),
  });

it.each([
  ["the volume's own limit", limited(undefined), "1Mi", "4Mi", MI],
  ["what the pod may use", limited("1Mi", "1Mi"), "3Mi", "4Mi", 2 * MI],
  ["what the node has, when one container is without a limit", limited("1Mi", undefined), undefined, "4Mi", 4 * MI],
  ["nothing smaller than nothing", limited(undefined), "0", undefined, undefined],
])("a file system in memory is as large as %s", (_what, pod, sizeLimit, allocatable, size) => {
  expect(memorySize(pod, sizeLimit, allocatable)).toBe(size);
});

const pages = (...names: string[]) =>
  aPod({
    containers: [
      { ...aContainer("c"), resources: { requests: Object.fromEntries(names.map((name) => [name, "4Mi"])) } },
    ],
  });

it("mounts the huge pages that the pod asks for", () => {
  expect(hugePageSize("HugePages", pages("hugepages-2Mi", "cpu"))).toBe(2 * MI);
  expect(hugePageSize("HugePages-1Gi", pages("hugepages-2Mi", "hugepages-1Gi"))).toBe(1024 * MI);
  expect(() => hugePageSize("HugePages", pages("hugepages-2Mi", "hugepages-1Gi"))).toThrow(
    "medium: HugePages can't be used if container requests multiple huge page sizes",
  );
  expect(() => hugePageSize("HugePages-1Gi", pages("hugepages-2Mi"))).toThrow(
    "medium HugePages-1Gi: hugePages storage requested, but there is no resource request for huge pages",
  );
});
