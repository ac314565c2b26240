/** Rules of NetworkPolicies (`pkg/apis/networking/validation`). */
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from "../../../shared/api/generated/networking/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { cidrContains, parseCidr } from "../../../shared/machinery/cidr.ts";
import { cidrProblems, cidrWarnings } from "../../validation/addresses.ts";
import {
  forbiddenField,
  invalidFor,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { portNameProblems, portNumberProblems } from "../../validation/names.ts";

const PROTOCOLS = ["TCP", "UDP", "SCTP"];
const TYPES = ["Ingress", "Egress"];

interface Traffic {
  readonly field: string;
  readonly ports: readonly NetworkPolicyPort[];
  /** `spec.ingress[0].from` */
  readonly peersField: string;
  readonly peers: readonly NetworkPolicyPeer[];
}

/** Rules of both directions alike. */
function trafficOf({ ingress = [], egress = [] }: NetworkPolicySpec): Traffic[] {
  return [
    ...ingress.map(({ ports = [], from = [] }, index) => {
      const field = `spec.ingress[${index}]`;
      return { field, ports, peersField: `${field}.from`, peers: from };
    }),
    ...egress.map(({ ports = [], to = [] }, index) => {
      const field = `spec.egress[${index}]`;
      return { field, ports, peersField: `${field}.to`, peers: to };
    }),
  ];
}

function rangesOf({ cidr, except = [] }: IPBlock): string[] {
  return [cidr, ...except];
}

/** Ranges that are stored already may stay, wherever in the policy they are now. */
function knownRanges(policy: NetworkPolicy | undefined): ReadonlySet<string> {
  const peers = policy === undefined ? [] : trafficOf(policy.spec).flatMap((one) => one.peers);
  return new Set(peers.flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : rangesOf(ipBlock))));
}

export function validateNetworkPolicy({ spec }: NetworkPolicy, previous?: NetworkPolicy): FieldError[] {
  const known = knownRanges(previous);
  const { policyTypes = [] } = spec;
  return [
    ...validateLabelSelector(spec.podSelector, "spec.podSelector"),
    ...trafficOf(spec).flatMap(({ field, ports, peersField, peers }) => [
      ...ports.flatMap((port, index) => portErrors(port, `${field}.ports[${index}]`)),
      ...peers.flatMap((peer, index) => peerErrors(peer, `${peersField}[${index}]`, known)),
    ]),
    ...(policyTypes.length > TYPES.length
      ? [invalidValue("spec.policyTypes", policyTypes, "may not specify more than two policyTypes")]
      : policyTypes.flatMap((type, index) =>
          TYPES.includes(type) ? [] : [notSupportedInOrder(`spec.policyTypes[${index}]`, type, TYPES)],
        )),
  ];
}

function portErrors({ protocol, port, endPort }: NetworkPolicyPort, field: string): FieldError[] {
  const [at, end] = [`${field}.port`, `${field}.endPort`];
  const errors =
    protocol === undefined || PROTOCOLS.includes(protocol)
      ? []
      : [notSupportedInOrder(`${field}.protocol`, protocol, PROTOCOLS)];
  if (port === undefined) {
    const detail = "may not be specified when `port` is not specified";
    return endPort === undefined ? errors : [...errors, invalidValue(end, endPort, detail)];
  }
  if (typeof port === "string") {
    const detail = "may not be specified when `port` is non-numeric";
    const ends = endPort === undefined ? [] : [invalidValue(end, endPort, detail)];
    return [...errors, ...ends, ...invalidFor(at, port, portNameProblems(port))];
  }
  errors.push(...invalidFor(at, port, portNumberProblems(port)));
  if (endPort === undefined) return errors;
  if (endPort < port) errors.push(invalidValue(end, endPort, "must be greater than or equal to `port`"));
  return [...errors, ...invalidFor(end, endPort, portNumberProblems(endPort))];
}

function peerErrors(peer: NetworkPolicyPeer, field: string, known: ReadonlySet<string>): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const count = [podSelector, namespaceSelector, ipBlock].filter((one) => one !== undefined).length;
  return [
    ...validateLabelSelector(podSelector, `${field}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${field}.namespaceSelector`),
    ...(ipBlock === undefined ? [] : blockErrors(ipBlock, `${field}.ipBlock`, known)),
    ...(count === 0 ? [required(field, "must specify a peer")] : []),
    ...(count > 1 && ipBlock !== undefined
      ? [forbiddenField(field, "may not specify both ipBlock and another peer")]
      : []),
  ];
}

function blockErrors({ cidr, except = [] }: IPBlock, field: string, known: ReadonlySet<string>): FieldError[] {
  if (cidr === "") return [required(`${field}.cidr`)];
  const rangeErrors = (text: string, at: string): FieldError[] =>
    known.has(text) ? [] : invalidFor(at, text, cidrProblems(text));
  const errors = rangeErrors(cidr, `${field}.cidr`);
  const outer = parseCidr(cidr);
  if (outer === undefined) return errors;
  except.forEach((text, index) => {
    const at = `${field}.except[${index}]`;
    errors.push(...rangeErrors(text, at));
    const inner = parseCidr(text);
    if (inner === undefined) return;
    const isInside = cidrContains(outer, { family: inner.family, bits: inner.network });
    if (!isInside || outer.prefixLength >= inner.prefixLength)
      errors.push(invalidValue(at, text, "must be a strict subset of `cidr`"));
  });
  return errors;
}

export function networkPolicyWarnings({ spec }: NetworkPolicy): string[] {
  return trafficOf(spec).flatMap(({ peersField, peers }) =>
    peers.flatMap(({ ipBlock }, index) => {
      if (ipBlock === undefined) return [];
      const at = `${peersField}[${index}].ipBlock`;
      const except = (ipBlock.except ?? []).flatMap((text, place) => cidrWarnings(`${at}.except[${place}]`, text));
      return [...cidrWarnings(`${at}.cidr`, ipBlock.cidr), ...except];
    }),
  );
}
