/** What the rules of one kind say about drafts: defaulted as on a decode, then validated as on a write. */
import { ANONYMOUS } from "../../apiserver/authentication/user.ts";
import type { AnyStrategy } from "../../apiserver/registry/strategy.ts";
import { decodeBody } from "../../apiserver/schema/decode.ts";
import { clone } from "../../shared/machinery/clone.ts";
import type { FieldError } from "../../shared/errors/status-error.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";

const ORIGIN = { user: ANONYMOUS, now: "2026-01-01T00:00:00Z" };

function textOf({ field, detail }: FieldError): string {
  return `${field}: ${detail}`;
}

export interface KindRules {
  /** The draft as it is decoded; strict, so that a misspelt field fails the test. */
  read(draft: object): KubeObject;
  /** The draft as it would be stored at creation. */
  created(draft: object): KubeObject;
  /** `field: detail` of everything that is wrong with creating it. */
  creation(draft: object): string[];
  /** The same for an update, also of a subresource. */
  change(before: object, after: object, subresource?: string): string[];
  /** The object after an update was prepared. */
  changed(before: object, after: object, subresource?: string): KubeObject;
  warnings(draft: object, before?: object): string[];
}

export function rulesOf(strategy: AnyStrategy): KindRules {
  const read = (draft: object): KubeObject => {
    const bytes = new TextEncoder().encode(JSON.stringify({ metadata: { name: "x", namespace: "default" }, ...draft }));
    const { object } = decodeBody({ bytes, contentType: "", expected: strategy.resource, fieldValidation: "Strict" });
    strategy.use((typed) => typed.defaults?.(object as never));
    return object as KubeObject;
  };
  const created = (draft: object): KubeObject => {
    const object = read(draft);
    strategy.use((typed) => typed.prepareForCreate?.(object as never, ORIGIN));
    return object;
  };
  const prepare = (next: KubeObject, previous: KubeObject, subresource: string): void => {
    strategy.use((typed) => {
      const [to, from] = [next as never, previous as never];
      if (subresource === "") typed.prepareForUpdate?.(to, from, ORIGIN);
      else if (subresource === "status") typed.status?.prepareForUpdate?.(to, from, ORIGIN);
      else if (typed.statusSubresources?.[subresource] !== undefined)
        typed.statusSubresources[subresource].prepareForUpdate?.(to, from, ORIGIN);
      else typed.partSubresources?.[subresource]?.prepareForUpdate(to, from);
    });
  };
  const changed = (before: object, after: object, subresource = ""): KubeObject => {
    const [previous, next] = [read(before), read(after)];
    prepare(next, previous, subresource);
    return next;
  };
  return {
    read,
    created,
    changed,
    creation: (draft) => {
      const object = created(draft) as never;
      return strategy.use((typed) =>
        [...(typed.validate?.(object) ?? []), ...(typed.validateCreate?.(object) ?? [])].map(textOf),
      );
    },
    change: (before, after, subresource = "") => {
      const [previous, next] = [read(before), read(after)];
      prepare(next, previous, subresource);
      const [to, from] = [clone(next) as never, previous as never];
      return strategy.use((typed) => {
        const status = subresource === "status" ? typed.status : typed.statusSubresources?.[subresource];
        if (status !== undefined) return (status.validateUpdate?.(to, from) ?? []).map(textOf);
        const rules = subresource === "" ? typed : typed.partSubresources?.[subresource];
        return [...(typed.validate?.(to, from) ?? []), ...(rules?.validateUpdate?.(to, from) ?? [])].map(textOf);
      });
    },
    warnings: (draft, before) =>
      strategy.use(
        (typed) =>
          typed.warnings?.(read(draft) as never, before === undefined ? undefined : (read(before) as never)) ?? [],
      ),
  };
}
