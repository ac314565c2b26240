/**
 * The kubelet's suite once more, on the Docker Engine: real pods on a dockerd of the test's own. Needs root; where
 * no dockerd can be had, the suite counts as skipped.
 */
import { findDockerd } from "../support/docker-daemon.ts";

if (findDockerd() === undefined) {
  it.skip("runs the kubelet's suite on the Docker Engine: there is no dockerd, and none can be fetched", () => {});
} else {
  process.env["KUBERNODE_TEST_RUNTIME"] = "docker";
  await import("./kubelet.test.ts");
}
