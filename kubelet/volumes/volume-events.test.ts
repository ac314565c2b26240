import { ManualClock } from "../../test/support/manual-clock.ts";
import { aPod } from "../../test/support/pod-builders.ts";
import { VolumePendingError, VolumeSpecError, VolumeStepError } from "./volume-error.ts";
import { VolumeEvents, type VolumeOutcome } from "./volume-events.ts";

const clock = new ManualClock();
let told: string[];
let events: VolumeEvents;
beforeEach(() => {
  told = [];
  events = new VolumeEvents((_pod, _type, reason, message) => told.push(`${reason}: ${message}`), clock);
});

const failed = (name: string, error: Error, mode: "Filesystem" | "Block" = "Filesystem"): VolumeOutcome => ({
  name,
  error,
  spec: { volume: { name }, name: `pv-${name}`, isReadOnly: false, mode },
});
const fine = (name: string): VolumeOutcome => ({ name, mounted: { hostPath: "/", isReadOnly: false } });

it("tells each failure with its step and the volume's own name", () => {
  const isPending = events.tell(aPod(), [
    fine("ok"),
    failed("a", new Error("no")),
    failed("b", new VolumeStepError("MountVolume.MountDevice", "no disk")),
    failed("c", new Error("no device"), "Block"),
  ]);
  expect(isPending).toBe(false);
  expect(told).toEqual([
    'FailedMount: MountVolume.SetUp failed for volume "pv-a" : no',
    'FailedMount: MountVolume.MountDevice failed for volume "pv-b" : no disk',
    'FailedMapVolume: MapVolume.SetUpDevice failed for volume "pv-c" : no device',
  ]);
});

it("tells of a claim that is not in order at once, once, and again when it lasts or changes", async () => {
  const unbound = [fine("ok"), failed("b", new VolumeSpecError("not bound")), failed("a", new VolumePendingError(""))];
  const text = (why: string): string =>
    `FailedMount: Unable to attach or mount volumes: unmounted volumes=[a b], unattached volumes=[a], failed to process volumes=[b]: ${why}`;
  expect(events.tell(aPod(), unbound)).toBe(true);
  events.tell(aPod(), unbound);
  expect(told).toEqual([text("not bound")]);
  await clock.advance(122_000);
  events.tell(aPod(), unbound);
  expect(told).toHaveLength(1);
  await clock.advance(1000);
  events.tell(aPod(), unbound);
  expect(told).toHaveLength(2);
  events.tell(aPod(), [fine("ok"), failed("b", new VolumeSpecError("lost")), failed("a", new VolumePendingError(""))]);
  expect(told.at(-1)).toBe(text("lost"));
});

it("tells of a volume that is not attached only when it has taken too long", async () => {
  const waiting = [failed("a", new VolumePendingError("not attached"))];
  expect(events.tell(aPod(), waiting)).toBe(true);
  await clock.advance(122_000);
  events.tell(aPod(), waiting);
  expect(told).toEqual([]);
  await clock.advance(1000);
  events.tell(aPod(), waiting);
  expect(told).toEqual([
    "FailedMount: Unable to attach or mount volumes: unmounted volumes=[a], unattached volumes=[a], failed to process volumes=[]: context deadline exceeded",
  ]);
  events.tell(aPod(), [fine("a")]);
  events.tell(aPod(), waiting);
  expect(told).toHaveLength(1);
});
