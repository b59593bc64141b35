// The page in headless Chromium: vectors, progress, parts, encoding, the element, errors. Prints `N passed, N failed`.
//
// node page.mjs CHROMIUM SITE VECTORS SCREENSHOTS PLAYWRIGHT: SITE is web/ with its modules and models.

import { createServer } from "node:http";
import { createReadStream, mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";

const [chromium, site, vectors, screenshots, modules] = process.argv.slice(2);
const { chromium: browserType } = createRequire(join(modules, "package.json"))("playwright-core");
mkdirSync(screenshots, { recursive: true });

const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".html": "text/html", ".css": "text/css", ".wasm": "application/wasm" };
const asked = [];
const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://host").pathname);
  asked.push(path);
  if (path === "/empty.html") {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<!doctype html><title>test</title><body>");
    return;
  }
  const [folder, name] = path.startsWith("/vectors/") ? [vectors, path.slice(9)] : [site, path];
  const slow = name.endsWith(".slow");
  const file = join(folder, normalize(slow ? name.slice(0, -5) : name));
  try {
    const size = statSync(file).size;
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-length": size });
    if (!slow) {
      createReadStream(file).pipe(response);
      return;
    }
    const bytes = readFileSync(file);
    for (let at = 0; at < size; at += Math.ceil(size / 25)) {
      response.write(bytes.subarray(at, at + Math.ceil(size / 25)));
      await new Promise((done) => setTimeout(done, 15));
    }
    response.end();
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const home = `http://127.0.0.1:${server.address().port}`;

const browser = await browserType.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
});

let [passed, failed] = [0, 0];
async function test(name, work) {
  const page = await browser.newPage({ viewport: { width: 1000, height: 760 } });
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(home) && !request.url().startsWith("blob:") && !request.url().startsWith("data:")) complaints.push(`asks ${request.url()}`);
  });
  try {
    await page.goto(`${home}/empty.html`);
    const late = new Promise((_, refuse) => setTimeout(refuse, 60_000, new Error("no end after 60 s")));
    await Promise.race([work(page), late]);
    if (complaints.length) throw new Error(complaints.join("; "));
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`${name}: ${error.message.split("\n")[0]}`);
  }
  await page.close();
}
function must(holds, words) {
  if (!holds) throw new Error(words);
}

const hashes = JSON.parse(readFileSync(join(vectors, "hashes.json"), "utf8"));
for (const [name, hash] of Object.entries(hashes)) {
  await test(`vector ${name}`, async (page) => {
    const found = await page.evaluate(async (name) => {
      const { decode } = await import("/tintype.js");
      const picture = await decode(`/vectors/${name}.tin`);
      return [picture.samplesHash, picture.data.length === picture.width * picture.height * 4, picture.warnings];
    }, name);
    must(found[0] === hash, `hash ${found[0]} where the native decoder has ${hash}`);
    must(found[1] && found[2] === "", `pixels or warnings: ${found}`);
  });
}

await test("a stream sharpens as it arrives", async (page) => {
  const parts = await page.evaluate(async () => {
    const { decode } = await import("/tintype.js");
    const response = await fetch("/vectors/bear-wavelet.tin.slow");
    const total = Number(response.headers.get("content-length"));
    const parts = [];
    const last = await decode(response, { onPicture: (part) => parts.push([part.received / total, part.warnings]) });
    return { parts, last: [last.received / total, last.warnings] };
  });
  must(parts.parts.length >= 8, `${parts.parts.length} pictures`);
  must(parts.parts[0][0] <= 0.1, `the first after ${parts.parts[0][0]} of the bytes`);
  must(parts.parts[0][1].includes("cut off") && parts.last[0] === 1 && parts.last[1] === "", JSON.stringify(parts.last));
});

await test("region and scale are parts of the whole", async (page) => {
  const equal = await page.evaluate(async () => {
    const { decode } = await import("/tintype.js");
    const bytes = await (await fetch("/vectors/bear-wavelet.tin")).arrayBuffer();
    const whole = await decode(bytes);
    const part = await decode(bytes, { region: { x: 100, y: 50, width: 64, height: 32 } });
    const small = await decode(bytes, { fit: { width: 200, height: 1 } });
    let same = part.width === 64 && part.height === 32;
    for (let y = 0; y < 32; y++)
      for (let x = 0; x < 256; x++) same &&= part.data[y * 256 + x] === whole.data[((50 + y) * whole.width + 100) * 4 + x];
    return [same, small.width, whole.width];
  });
  must(equal[0], "the part differs from the whole");
  must(equal[1] === equal[2] / 4, `${equal[1]} of ${equal[2]} pixels`);
});

await test("pixels are encoded, and come back", async (page) => {
  const found = await page.evaluate(async () => {
    const { decode, encode, info } = await import("/tintype.js");
    const picture = await decode("/vectors/lossless.tin");
    const exact = await encode(picture, { lossless: true });
    const lossy = await encode(picture, { quality: 75, effort: 2 });
    const [a, b] = [await decode(exact), await decode(lossy)];
    let [differs, squares] = [0, 0];
    picture.data.forEach((sample, i) => { differs += sample !== a.data[i]; squares += (sample - b.data[i]) ** 2; });
    return { differs, rms: Math.sqrt(squares / picture.data.length), sizes: [exact.length, lossy.length], codec: (await info(lossy)).codec };
  });
  must(found.differs === 0, `${found.differs} samples differ`);
  must(found.rms < 6 && found.sizes[1] < found.sizes[0] / 4 && found.codec === "photo", JSON.stringify(found));
});

await test("what is wrong is said", async (page) => {
  const words = await page.evaluate(async () => {
    const { decode, encode } = await import("/tintype.js");
    const told = async (work) => { try { await work(); return "nothing"; } catch (error) { return `${error.name}: ${error.message}`; } };
    return [
      await told(() => decode("/vectors/none.tin")),
      await told(() => decode("/vectors/broken.tin")),
      await told(() => decode(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]))),
      await told(() => decode(new Uint8Array())),
      await told(() => encode({ data: new Uint8Array(4), width: 1, height: 1 }, { codec: "tape" })),
      await told(() => decode("/vectors/bear.tin", { signal: AbortSignal.timeout(5) })),
      await told(async () => { await decode("/vectors/lossless.tin"); }),
    ];
  });
  const expected = ["404", "checksum", "malformed", "empty", "tape", "Timeout", "nothing"];
  expected.forEach((word, i) => must(words[i].includes(word), `${words[i]} has no "${word}"`));
});

await test("the element shows a picture, with its words for those who do not see it", async (page) => {
  await page.setContent('<base href="' + home + '/"><style>body{margin:0;font:16px sans-serif}</style><tin-img src="vectors/bear.tin" alt="A bear" style="width:500px"></tin-img><tin-img id="bad" src="vectors/none.tin" alt="Nobody"></tin-img>');
  const error = page.evaluate(() => new Promise((done) => document.querySelector("#bad").addEventListener("error", (event) => done(event.message))));
  await page.evaluate(async () => {
    const element = document.querySelector("tin-img");
    const loaded = new Promise((done, refuse) => { element.addEventListener("load", done, { once: true }); element.addEventListener("error", (event) => refuse(new Error(event.message))); });
    await import("/tin-img.js");
    await loaded;
  });
  must((await error).includes("404"), "no error event");
  must((await page.getByRole("img", { name: "A bear" }).boundingBox()).width === 500, "the width");
  const colours = await page.evaluate(() => {
    const canvas = document.querySelector("tin-img").shadowRoot.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(data).size;
  });
  must(colours > 100, `${colours} different samples`);
  await page.screenshot({ path: join(screenshots, "element.png") });
});

await test("the element decodes what is looked at", async (page) => {
  await page.setContent('<base href="' + home + '/"><tin-img zoom src="vectors/bear-wavelet.tin" alt="A bear" style="width:224px"></tin-img>');
  const first = await page.evaluate(async () => {
    const element = document.querySelector("tin-img");
    const loaded = new Promise((done, refuse) => { element.addEventListener("load", done, { once: true }); element.addEventListener("error", (event) => refuse(new Error(event.message))); });
    await import("/tin-img.js");
    await loaded;
    return element.picture.width;
  });
  must(first === 224, `${first} pixels are decoded where 224 are seen`);
  const detail = page.evaluate(() => new Promise((done) => document.querySelector("tin-img").addEventListener("detail", (event) => done(event.detail), { once: true })));
  await page.locator("tin-img").focus();
  for (let i = 0; i < 4; i++) await page.keyboard.press("+");
  const { region, width } = await detail;
  must(region.width < 896 / 3 && region.width > 100 && width >= 112, JSON.stringify({ region, width }));
  await page.screenshot({ path: join(screenshots, "zoom.png") });
});

await test("many at once share the workers", async (page) => {
  const equal = await page.evaluate(async () => {
    const { configure, decode } = await import("/tintype.js");
    configure({ workers: 2 });
    const all = await Promise.all(Array.from({ length: 12 }, () => decode("/vectors/cluster-50.tin")));
    return new Set(all.map((picture) => picture.samplesHash)).size;
  });
  must(equal === 1, "they differ");
});

const testdata = fileURLToPath(new URL("../../testdata/pictures/", import.meta.url));
async function studio(page, names) {
  await page.goto(`${home}/studio/index.html`);
  await page.getByText("WebAssembly").waitFor();
  await page.locator("#files").setInputFiles(names.map((name) => join(testdata, name)));
  await page.locator("#rows tr").nth(2).waitFor({ timeout: 50_000 });
}
const bytesOf = async (page) => Number.parseFloat(await page.locator("#rows tr td").nth(1).textContent());

await test("studio: a picture, the slider, keys, the curve", async (page) => {
  await studio(page, ["photo_a.png"]);
  const at75 = await bytesOf(page);
  await page.locator("#quality").fill("30");
  await page.waitForFunction((before) => Number.parseFloat(document.querySelectorAll("#rows tr td")[1]?.textContent) < before, at75);
  await page.locator("#rows tr").nth(2).waitFor();
  const rows = await page.locator("#rows tr").allTextContents();
  must(rows.length === 3 && rows[1].startsWith("JPEG") && rows[2].startsWith("WebP"), rows.join(" | "));
  await page.keyboard.press("d");
  must(await page.locator('input[value="difference"]').isChecked(), "the key for the difference");
  await page.screenshot({ path: join(screenshots, "studio-difference.png") });
  await page.locator("#codec").selectOption("photo");
  await page.keyboard.press("b");
  await page.getByText("Of the bits: plane 0").waitFor();
  await page.screenshot({ path: join(screenshots, "studio-bits.png") });
  await page.keyboard.press("2");
  await page.keyboard.press("p");
  must(await page.locator('input[value="choice"]').isChecked(), "the key for pieces");
  const box = await page.locator("#canvas").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.getByText(/plane 0: (8|16|32) × \d+, piece \d+/).waitFor();
  await page.screenshot({ path: join(screenshots, "studio-pieces.png") });
  await page.keyboard.press("0");
  await page.keyboard.press("s");
  await page.locator("#draw").click();
  await page.locator("#plot polyline.tintype").waitFor();
  await page.waitForFunction(() => !document.querySelector("#draw").disabled, null, { timeout: 50_000 });
  const points = await page.locator("#plot polyline.tintype").getAttribute("points");
  must(points.split(" ").length >= 5, points);
  await page.screenshot({ path: join(screenshots, "studio-curve.png"), fullPage: true });
});

await test("studio: dark, and on a phone", async (page) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await studio(page, ["bear.png"]);
  await page.screenshot({ path: join(screenshots, "studio-dark.png") });
  await page.setViewportSize({ width: 360, height: 740 });
  await page.waitForTimeout(300);
  must(await page.evaluate(() => document.documentElement.scrollWidth <= 360), "it is wider than a phone");
  await page.screenshot({ path: join(screenshots, "studio-phone.png"), fullPage: true });
});

await test("studio: many pictures, dropped, into a zip", async (page) => {
  await page.goto(`${home}/studio/index.html`);
  const files = ["photo_a.png", "photo_b.png"].map((name) => [name, readFileSync(join(testdata, name)).toString("base64")]);
  const transfer = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) {
      transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name, { type: "image/png" }));
    }
    return transfer;
  }, files);
  await page.dispatchEvent("#stage", "drop", { dataTransfer: transfer });
  await page.locator("#rows tr").nth(2).waitFor({ timeout: 50_000 });
  await page.locator("#pack").click();
  await page.locator("#save-all").waitFor({ timeout: 50_000 });
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#save-all").click()]);
  const zip = readFileSync(await download.path());
  must(zip.readUInt32LE(0) === 0x04034b50 && zip.includes("photo_b.tin"), "no zip");
  const first = zip.subarray(30 + zip.readUInt16LE(26), 30 + zip.readUInt16LE(26) + zip.readUInt32LE(18));
  must(first.readUInt32BE(0) === 0x8954494e && crc32(first) === zip.readUInt32LE(14), "the first entry is no .tin file");
});

await test("figures", async (page) => {
  const figures = await page.evaluate(async () => {
    const { decode } = await import("/tintype.js");
    const times = {};
    for (const name of ["bear", "bear-wavelet"]) {
      const bytes = await (await fetch(`/vectors/${name}.tin`)).arrayBuffer();
      const all = [];
      for (let i = 0; i < 4; i++) all.push((await decode(bytes)).milliseconds);
      times[name] = Math.min(...all);
    }
    return times;
  });
  console.log(`decoding 896 × 640 pixels: ${JSON.stringify(figures)} ms`);
  must(asked.filter((path) => path.endsWith("photo.tinmodel")).length > 0, "no model was fetched");
});

await browser.close();
server.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
