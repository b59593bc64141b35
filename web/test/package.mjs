// The npm package: packed, installed into an empty project, imported, its types compiled. Arguments: the site that `cargo xtask web` made, and
// a folder for the rest. Prints `N passed, N failed`.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [site, place] = process.argv.slice(2).map((path) => resolve(path));
let [passed, failed] = [0, 0];

function test(name, work) {
  try {
    work();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`${name}: ${error.message}${error.stdout ? `\n${error.stdout}` : ""}`);
  }
}

const must = (holds, words) => {
  if (!holds) throw new Error(words);
};
const run = (program, words, cwd) => execFileSync(program, words, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

rmSync(place, { recursive: true, force: true });
mkdirSync(place, { recursive: true });
const description = JSON.parse(readFileSync(join(site, "package.json"), "utf8"));
let tarball;

test("what is packed", () => {
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", place], site));
  tarball = join(place, packed.filename);
  const files = new Set(packed.files.map((file) => file.path));
  for (const path of ["package.json", "README.md", "tintype.js", "tintype.d.ts", "tin-img.js", "worker.js", "models/photo.tinmodel"]) must(files.has(path), `${path} is missing`);
  const named = Object.values(description.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
  for (const path of named) must(path.includes("*") || files.has(path.replace("./", "")), `${path} is exported and missing`);
  must(![...files].some((path) => /studio|test|vectors/.test(path)), "what is no part of it is packed");
  console.log(`${packed.filename}: ${packed.files.length} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked`);
});

test("it installs and imports", () => {
  writeFileSync(join(place, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--omit=dev", tarball], place);
  const words = "import { decode, encode, info, explain, configure } from 'tintype'; console.log([decode, encode, info, explain, configure].map((f) => typeof f).join());";
  must(run("node", ["--input-type=module", "-e", words], place).trim() === "function,function,function,function,function", "functions are missing");
  const where = run("node", ["--input-type=module", "-e", "console.log(import.meta.resolve('tintype/tintype.wasm'))"], place);
  must(where.trim().endsWith("/tintype/tintype.wasm"), where);
});

test("its types compile", () => {
  run("npm", ["install", "--silent", "--no-audit", "--no-fund", "typescript@5"], place);
  writeFileSync(
    join(place, "user.ts"),
    `import { decode, encode, imageData, TintypeError, type Picture } from "tintype";
export async function show(context: CanvasRenderingContext2D): Promise<number> {
  const picture: Picture = await decode("a.tin", { fit: { width: 10, height: 10 }, onPicture: (part) => context.putImageData(imageData(part), 0, 0) });
  const file: Uint8Array = await encode(context.getImageData(0, 0, 8, 8), { quality: 60, effort: 2 });
  if (picture.info.codec === "photo") throw new TintypeError("no");
  return file.length;
}
`,
  );
  const flags = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom", "user.ts"];
  run(join(place, "node_modules/.bin/tsc"), flags, place);
  writeFileSync(join(place, "wrong.ts"), 'import { encode } from "tintype";\nencode(new ImageData(1, 1), { quality: "high" });\n');
  let refused = false;
  try {
    run(join(place, "node_modules/.bin/tsc"), [...flags.slice(0, -1), "wrong.ts"], place);
  } catch {
    refused = true;
  }
  must(refused, "a quality that is no number compiles");
});

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
