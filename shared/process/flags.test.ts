import { FlagError, parseDurationMs, parseFlags } from "./flags.ts";

const specs = {
  "secure-port": { type: "number", default: 6443, help: "" },
  kubeconfig: { type: "string", help: "" },
  "leader-elect": { type: "boolean", default: true, help: "" },
  "request-timeout": { type: "duration", default: "60s", help: "" },
  "etcd-servers": { type: "list", help: "" },
} as const;

describe("parseFlags", () => {
  it("gives defaults to flags that were not named", () => {
    const { values } = parseFlags(specs, []);
    expect(values).toEqual({
      "secure-port": 6443,
      kubeconfig: undefined,
      "leader-elect": true,
      "request-timeout": 60_000,
      "etcd-servers": [],
    });
  });

  it("reads values after a space, after an equals sign, and booleans without a value", () => {
    const { values } = parseFlags(specs, [
      "--secure-port",
      "1",
      "--kubeconfig=a=b",
      "--leader-elect=false",
      "--etcd-servers",
      "x,y",
    ]);
    expect(values).toMatchObject({
      "secure-port": 1,
      kubeconfig: "a=b",
      "leader-elect": false,
      "etcd-servers": ["x", "y"],
    });
  });

  it("appends when a list flag is repeated", () => {
    expect(parseFlags(specs, ["--etcd-servers=x", "--etcd-servers=y"]).values["etcd-servers"]).toEqual(["x", "y"]);
  });

  it("accepts a tolerated flag with a warning and skips its value", () => {
    const { values, warnings } = parseFlags(
      specs,
      ["--feature-gates", "A=true", "--secure-port=2"],
      new Set(["feature-gates"]),
    );
    expect(warnings).toEqual(["--feature-gates is accepted and has no effect"]);
    expect(values["secure-port"]).toBe(2);
  });

  it.each([
    [["--nope"], "unknown flag: --nope"],
    [["stray"], 'unexpected argument "stray"'],
    [["--kubeconfig"], "flag needs an argument: --kubeconfig"],
    [["--secure-port=x"], '--secure-port: "x" is not a number'],
    [["--leader-elect=maybe"], '--leader-elect: "maybe" is neither true nor false'],
  ])("refuses %j", (argv, message) => {
    expect(() => parseFlags(specs, argv)).toThrow(new FlagError(message));
  });
});

describe("parseDurationMs", () => {
  it.each([
    ["60s", 60_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["0", 0],
    ["1.5s", 1500],
  ])("reads %s", (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });
  it.each(["", "5", "s", "5x", "5s!"])("refuses %j", (text) => {
    expect(() => parseDurationMs(text)).toThrow(FlagError);
  });
});
