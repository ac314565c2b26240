/**
 * Admission (apiserver `pkg/admission`): after authorization and decoding, before validation and storage. Plugins run
 * in the order of `plugins.ts`: all `mutate`, then strategy validation, then all `validate`.
 */
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import type { UserInfo } from "../authentication/user.ts";

export type AdmissionOperation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

export interface AdmissionRequest {
  readonly operation: AdmissionOperation;
  readonly resource: Resource<KubeObject>;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** What will be stored; plugins change it in place. Absent for DELETE. */
  readonly object: KubeObject | undefined;
  /** What is stored now; not to be changed. Absent for CREATE. */
  readonly oldObject: KubeObject | undefined;
  readonly user: UserInfo;
  readonly isDryRun: boolean;
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void;
}

/** Both functions reject with `StatusError` to refuse. */
export interface AdmissionPlugin {
  /** Upstream's name, as in `--enable-admission-plugins`. */
  readonly name: string;
  mutate?(request: AdmissionRequest): Promise<void> | void;
  validate?(request: AdmissionRequest): Promise<void> | void;
}
