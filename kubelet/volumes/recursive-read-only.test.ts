import { isRecursiveReadOnly, recursiveReadOnlyStatus } from "./recursive-read-only.ts";

it.each([
  ["nothing said", {}, false, undefined],
  ["Disabled", { readOnly: true, recursiveReadOnly: "Disabled" }, false, "Disabled"],
  ["IfPossible", { readOnly: true, recursiveReadOnly: "IfPossible" }, true, "Enabled"],
  ["IfPossible without readOnly", { recursiveReadOnly: "IfPossible" }, false, "Disabled"],
  ["Enabled", { readOnly: true, recursiveReadOnly: "Enabled" }, true, "Enabled"],
])("with a runtime that can: %s", (_what, choice, isRecursive, told) => {
  const mount = { name: "v", ...choice };
  expect(isRecursiveReadOnly(mount, true)).toBe(isRecursive);
  expect(recursiveReadOnlyStatus(mount, true)).toBe(told);
});

it("falls back or fails with a runtime that cannot", () => {
  const mount = { name: "v", readOnly: true };
  expect(isRecursiveReadOnly({ ...mount, recursiveReadOnly: "IfPossible" }, false)).toBe(false);
  expect(recursiveReadOnlyStatus({ ...mount, recursiveReadOnly: "IfPossible" }, false)).toBe("Disabled");
  expect(() => isRecursiveReadOnly({ ...mount, recursiveReadOnly: "Enabled" }, false)).toThrow(
    'failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, but it is not supported by the runtime',
  );
});
