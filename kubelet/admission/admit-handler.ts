/** What the node refuses, as a list of questions: each looks at one pod beside those that run here already. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";

/** Why a pod may not run on this node: the reason and message of its Failed status. */
export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

/** Undefined: nothing against it. `others` were admitted before and have not ended. */
export interface AdmitHandler {
  admit(pod: Pod, others: readonly Pod[]): Promise<Rejection | undefined> | Rejection | undefined;
}
