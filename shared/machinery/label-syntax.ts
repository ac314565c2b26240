/** What a label key and a label value may look like (`apimachinery/pkg/util/validation`), with upstream's texts. */

/** Thrown for a selector that cannot be read; `message` is upstream's text. */
export class LabelSelectorError extends Error {}

const NAME_LENGTH_MAX = 63;
const PREFIX_LENGTH_MAX = 253;
const NAME_FORM = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const NAME = new RegExp(`^${NAME_FORM}$`);
const PREFIX_FORM = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const PREFIX = new RegExp(`^${PREFIX_FORM}$`);

const NAME_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME_FORM}')`;
const PREFIX_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  `end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${PREFIX_FORM}')`;
const VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  `'(${NAME_FORM})?')`;

const tooLong = (limit: number): string => `must be no more than ${limit} bytes`;

function prefixProblems(prefix: string): string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  const problems: string[] = [];
  if (prefix.length > PREFIX_LENGTH_MAX) problems.push(`prefix part ${tooLong(PREFIX_LENGTH_MAX)}`);
  if (!PREFIX.test(prefix)) problems.push(`prefix part ${PREFIX_RULE}`);
  return problems;
}

/** What is wrong with a qualified name (label key, taint key, condition type); empty when nothing is. */
export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split("/");
  if (parts.length > 2) {
    return [`a qualified name ${NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? "";
  const problems = parts.length === 2 ? prefixProblems(parts[0] ?? "") : [];
  if (name === "") problems.push("name part must be non-empty");
  if (name.length > NAME_LENGTH_MAX) problems.push(`name part ${tooLong(NAME_LENGTH_MAX)}`);
  if (!NAME.test(name)) problems.push(`name part ${NAME_RULE}`);
  return problems;
}

/** What is wrong with a label value; empty when nothing is. */
export function labelValueProblems(text: string): string[] {
  const problems: string[] = [];
  if (text.length > NAME_LENGTH_MAX) problems.push(tooLong(NAME_LENGTH_MAX));
  if (text !== "" && !NAME.test(text)) problems.push(VALUE_RULE);
  return problems;
}
