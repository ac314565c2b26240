/** Takes every kind through its API with everything stored in a real etcd. */
import { openEtcdStorage } from "../../apiserver/storage/etcd/etcd-storage.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { startTestApiServer } from "../support/api-server.ts";
import { type RunningEtcd, startEtcd } from "../support/etcd.ts";
import { walkKinds } from "../support/kind-walk.ts";

describe("the API of every kind on etcd", () => {
  let etcd: RunningEtcd;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());
  // Within, so that the server ends before its store does.
  describe("walked through", () => {
    walkKinds(() =>
      startTestApiServer({
        storage: openEtcdStorage({ servers: [etcd.url], clock: systemClock, logger: silentLogger }),
      }),
    );
  });
});
