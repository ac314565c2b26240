import { CLOCK_HOMES, MAY_IMPORT, PACKAGE_HOMES, PURE, PURE_NODE_MODULES, TEST_PACKAGES } from "./import-table.ts";
import { type SourceFile, sourceFiles } from "./source-files.ts";

const files = sourceFiles();
const product = files.filter((file) => !file.isTest);

function ruleFor(path: string): readonly string[] | undefined {
  const folders = Object.keys(MAY_IMPORT).filter((folder) => path.startsWith(`${folder}/`));
  const longest = folders.sort((left, right) => right.length - left.length)[0];
  return longest === undefined ? undefined : MAY_IMPORT[longest];
}

const isBelow = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path.startsWith(`${folder}/`));

/** Code without comments and string contents, so that words in them do not count. */
function bare(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|[^:])\/\/.*$/gm, "$1")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/`(?:[^`\\$]|\\.)*`/g, "``");
}

describe("the import table", () => {
  it("covers every file of the product", () => {
    expect(
      product.filter((file) => file.path.includes("/") && ruleFor(file.path) === undefined).map((file) => file.path),
    ).toEqual([]);
  });

  it("lets a folder import only what the table names", () => {
    const breaches = product.flatMap((file) =>
      file.imports
        .filter(({ target }) => target !== undefined && !isBelow(target, ruleFor(file.path) ?? []))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(breaches).toEqual([]);
  });

  it("keeps each npm package in its homes", () => {
    const isAllowed = (file: SourceFile, name: string): boolean => {
      if (name.startsWith("node:")) return true;
      if (isBelow(file.path, ["bench"])) return name in PACKAGE_HOMES || TEST_PACKAGES.includes(name);
      return isBelow(file.path, PACKAGE_HOMES[name] ?? []);
    };
    const breaches = product.flatMap((file) =>
      file.imports
        .filter(({ packageName }) => packageName !== undefined && !isAllowed(file, packageName))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(breaches).toEqual([]);
  });

  it("lets nobody import a main.ts, and no product file import test/", () => {
    const breaches = product.flatMap((file) =>
      file.imports
        .filter(
          ({ target }) =>
            target !== undefined &&
            (/(^|\/)main\.ts$/.test(target) || (target.startsWith("test/") && !file.path.startsWith("bench/"))),
        )
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(breaches).toEqual([]);
  });

  it("writes relative imports with their .ts or .json ending", () => {
    const breaches = files.flatMap((file) =>
      file.imports
        .filter(({ target }) => target !== undefined && !/\.(ts|json)$/.test(target))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(breaches).toEqual([]);
  });
});

describe("pure folders", () => {
  const pure = product.filter((file) => PURE.some((pattern) => pattern.test(file.path)));

  it("import no node module with I/O and nothing from shared/process or shared/client", () => {
    const breaches = pure.flatMap((file) =>
      file.imports
        .filter(({ packageName, target, isTypeOnly }) => {
          if (isTypeOnly) return false;
          if (packageName?.startsWith("node:") === true) return !PURE_NODE_MODULES.includes(packageName);
          return target !== undefined && isBelow(target, ["shared/process", "shared/client", "shared/informer"]);
        })
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(breaches).toEqual([]);
  });

  it("have no async function", () => {
    expect(pure.filter((file) => /\basync\b|\bawait\b/.test(bare(file.text))).map((file) => file.path)).toEqual([]);
  });
});

describe("clock, timers and randomness", () => {
  const CLOCK_USE =
    /\bnew Date\(\)|\bDate\.now\(|\bsetTimeout\(|\bsetInterval\(|\bMath\.random\(|\bperformance\.now\(|(?<![.\w])fetch\(/;

  it("are touched only in shared/process, main.ts files, the command line, benchmarks and tests", () => {
    const breaches = product
      .filter((file) => !CLOCK_HOMES.some((home) => home.test(file.path)))
      .filter((file) => CLOCK_USE.test(bare(file.text)))
      .map((file) => file.path);
    expect(breaches).toEqual([]);
  });
});

describe("names", () => {
  it("has no barrel file and no folder for odds and ends", () => {
    const bad = files
      .filter((file) => /(^|\/)(index\.ts|(utils?|helpers?|common|misc)\/)/.test(file.path))
      .map((file) => file.path);
    expect(bad).toEqual([]);
  });

  it("names files in kebab-case", () => {
    const bad = files
      .filter((file) => !/^[a-z0-9-]+(\.[a-z-]+)*\.ts$/.test(file.path.split("/").at(-1) ?? ""))
      .map((file) => file.path);
    expect(bad).toEqual([]);
  });
});
