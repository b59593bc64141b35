// The studio: a picture before and after, beside JPEG and WebP of as many bytes, with numbers and a curve.
//
// In: files that the user opens or drops. Out: pictures on the screen, files to save. Nothing is sent but to the server that
// this page came from, and to that only where `tintype studio` says that it encodes (engine.js); else WebAssembly does.

import { engine } from "./engine.js";
import { CELL, mapOf, partsAt, partsFrom, summary } from "./explain.js";
import { psnr, ssim } from "./metrics.js";
import { drawPlot } from "./plot.js";
import { zipOf } from "./zip.js";

const $ = (id) => document.getElementById(id);
const canvas = $("canvas");

/** All pictures: name, bytes of the file, and once it was looked at its pixels. */
const pictures = [];
/** What is shown: the original, what each codec made of it, and which of these is looked at. */
const state = { current: null, results: [], chosen: 0, view: "split", zoom: 0, at: { x: 0.5, y: 0.5 }, flick: false };
let turn = 0;

const say = (words) => ($("words").textContent = words);
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(bytes < 100_000 ? 2 : 1)} kB`;

async function pixelsOf(blob) {
  const head = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  if (head[0] === 0x89 && head[1] === 0x54) return engine.decode(new Uint8Array(await blob.arrayBuffer()));
  const bitmap = await createImageBitmap(blob);
  const sheet = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = sheet.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

async function add(files) {
  const wanted = [...files].filter((file) => file.type.startsWith("image/") || file.name.endsWith(".tin"));
  if (wanted.length < files.length) say(`${files.length - wanted.length} files are no pictures that this browser knows.`);
  if (wanted.length === 0) return;
  const first = pictures.length;
  for (const file of wanted) pictures.push({ name: file.name, blob: file });
  listBatch();
  await look(pictures[first]);
}

async function look(picture) {
  try {
    picture.pixels ??= await pixelsOf(picture.blob);
  } catch (error) {
    say(`${picture.name}: ${error.message}`);
    return;
  }
  state.current = picture;
  state.results = [];
  $("drop").hidden = true;
  for (const id of ["canvas", "split", "sides"]) $(id).hidden = false;
  $("draw").disabled = false;
  $("plot").replaceChildren();
  await compress();
}

const settings = () => ({
  quality: Number($("quality").value),
  lossless: $("exact").checked,
  codec: $("codec").value,
  effort: Number($("effort").value),
});

/** The codec of the browser that comes closest to so many bytes, from below where there is one. */
async function atBytes(pixels, type, bytes) {
  let [low, high, best] = [0, 1, null];
  for (let step = 0; step < 7; step++) {
    const quality = (low + high) / 2;
    const blob = await canvasBlob(pixels, type, quality);
    if (!blob) return null;
    if (blob.size <= bytes) {
      [low, best] = [quality, blob];
    } else {
      high = quality;
      best ??= blob;
      if (best.size > bytes) best = blob;
    }
  }
  return best;
}

async function canvasBlob(pixels, type, quality) {
  const sheet = new OffscreenCanvas(pixels.width, pixels.height);
  sheet.getContext("2d").putImageData(pixels, 0, 0);
  const blob = await sheet.convertToBlob({ type, quality });
  return blob.type === type ? blob : null;
}

const measured = (name, pixels, bytes, original) => ({
  name,
  pixels,
  bytes,
  psnr: psnr(original, pixels),
  ssim: ssim(original, pixels),
});

const PEERS = { avif: "AVIF", jxl: "JPEG XL" };

/** Views that show what the file was coded as. */
const EXPLAINS = new Set(["bits", "choice", "side"]);

/** What each part of our file was coded as; asked for once. */
async function explain() {
  const { current } = state;
  if (!current?.tin || current.parts?.of === current.tin) return;
  const of = current.tin;
  try {
    const list = partsFrom(await engine.explain(of));
    current.parts = { of, list, maps: {} };
    $("where").textContent = list.length ? summary(list) : "This codec does not tell what it chose; photo does.";
  } catch (error) {
    say(error.message);
  }
  draw();
}

function mapFor(current, what) {
  if (current.parts?.of !== current.tin || !current.parts.list.length) return null;
  return (current.parts.maps[what] ??= mapOf(current.parts.list, current.pixels.width, current.pixels.height, what));
}

async function compress() {
  const { current } = state;
  if (!current) return;
  const mine = ++turn;
  say("");
  $("facts").textContent = "Encoding …";
  try {
    const { bytes, milliseconds } = await engine.encode(current.pixels, settings());
    if (mine !== turn) return;
    const decoded = await engine.decode(bytes);
    if (mine !== turn) return;
    state.results = [measured("Tintype", decoded, bytes.length, current.pixels)];
    state.chosen = 0;
    current.tin = bytes;
    $("where").textContent = "";
    if (EXPLAINS.has(state.view)) explain();
    const { info } = decoded;
    $("facts").textContent = `Codec ${info.codec}, ${info.width} × ${info.height}, ${counted(info.tiles, "tile")}, ${counted(info.layers, "layer")}; encoded in ${Math.round(milliseconds)} ms, decoded in ${Math.round(decoded.milliseconds)} ms.`;
    offer($("save"), new Blob([bytes]), current.name.replace(/\.[^.]*$/, "") + ".tin");
    show();
    for (const [name, type] of [["JPEG", "image/jpeg"], ["WebP", "image/webp"]]) {
      const blob = await atBytes(current.pixels, type, bytes.length);
      if (mine !== turn) return;
      if (blob) state.results.push(measured(name, await pixelsOf(blob), blob.size, current.pixels));
      show();
    }
    for (const name of await engine.peers()) {
      const made = await engine.peer(name, current.pixels, bytes.length);
      if (mine !== turn) return;
      state.results.push(measured(PEERS[name] ?? name, await pixelsOf(made.blob), made.bytes, current.pixels));
      show();
    }
  } catch (error) {
    if (mine === turn) say(`${current.name}: ${error.message}`);
    $("facts").textContent = "";
  }
}

function offer(link, blob, name) {
  if (link.href) URL.revokeObjectURL(link.href);
  [link.href, link.download, link.hidden] = [URL.createObjectURL(blob), name, false];
}

function show() {
  const { current, results } = state;
  const count = current.pixels.width * current.pixels.height;
  $("rows").replaceChildren(...results.map((result, index) => {
    const row = document.createElement("tr");
    row.setAttribute("aria-selected", index === state.chosen);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = result.name;
    button.onclick = () => {
      state.chosen = index;
      show();
    };
    const cells = [button, kilobytes(result.bytes), ((result.bytes * 8) / count).toFixed(3), Number.isFinite(result.psnr) ? `${result.psnr.toFixed(2)} dB` : "equal", result.ssim.toFixed(4)];
    row.append(...cells.map((content) => {
      const cell = document.createElement("td");
      cell.append(content);
      return cell;
    }));
    return row;
  }));
  draw();
}

// The canvas.

const bitmaps = new WeakMap();
function bitmapOf(pixels) {
  if (!bitmaps.has(pixels)) {
    const sheet = new OffscreenCanvas(pixels.width, pixels.height);
    sheet.getContext("2d").putImageData(pixels, 0, 0);
    bitmaps.set(pixels, sheet);
  }
  return bitmaps.get(pixels);
}

function differenceOf(a, b) {
  const out = new ImageData(a.width, a.height);
  for (let i = 0; i < out.data.length; i += 4) {
    for (let c = 0; c < 3; c++) out.data[i + c] = 128 + 8 * (b.data[i + c] - a.data[i + c]);
    out.data[i + 3] = 255;
  }
  return out;
}

const VIEWS = { split: "original", flicker: "flicker", difference: "difference × 8", bits: "bits a pixel", choice: "pieces chosen", side: "sizes of blocks" };

function draw() {
  const { current, results, chosen, view, zoom, at } = state;
  if (!current) return;
  const ratio = devicePixelRatio;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const [wide, high] = [current.pixels.width, current.pixels.height];
  const size = zoom === 0 ? Math.min(width / wide, height / high) : zoom * ratio;
  const place = (length, picture, part) => (picture * size <= length ? (length - picture * size) / 2 : Math.min(0, Math.max(length - picture * size, length / 2 - part * picture * size)));
  const [x, y] = [place(width, wide, at.x), place(height, high, at.y)];
  context.clearRect(0, 0, width, height);
  context.imageSmoothingEnabled = size < 1;
  const after = results[chosen]?.pixels;
  const paint = (pixels) => context.drawImage(bitmapOf(pixels), x, y, wide * size, high * size);
  const map = EXPLAINS.has(view) && mapFor(current, view);
  state.placed = { x, y, size };
  if (map) {
    paint(after ?? current.pixels);
    context.save();
    context.beginPath();
    context.rect(x, y, wide * size, high * size);
    context.clip();
    context.globalAlpha = 0.65;
    context.imageSmoothingEnabled = false;
    context.drawImage(bitmapOf(map), x, y, map.width * CELL * size, map.height * CELL * size);
    context.globalAlpha = 1;
    if (size >= 0.75) outline(context, current.parts.list, { x, y, size });
    context.restore();
  } else if (view === "difference" && after) {
    paint((results[chosen].difference ??= differenceOf(current.pixels, after)));
  } else if (view === "flicker" && after) {
    paint(state.flick ? after : current.pixels);
  } else {
    paint(current.pixels);
    if (after) {
      const line = (Number($("split").value) / 1000) * width;
      context.save();
      context.beginPath();
      context.rect(line, 0, width - line, height);
      context.clip();
      paint(after);
      context.restore();
      context.fillStyle = "#fff";
      context.fillRect(line - ratio, 0, ratio, height);
      context.fillStyle = "#000";
      context.fillRect(line, 0, ratio, height);
    }
  }
  $("before-name").textContent = VIEWS[view];
  $("after-name").textContent = results[chosen] ? `${results[chosen].name}, ${kilobytes(results[chosen].bytes)}` : "";
}

function outline(context, parts, { x, y, size }) {
  context.strokeStyle = "rgb(255 255 255 / 0.4)";
  context.lineWidth = 1;
  context.beginPath();
  for (const part of parts) {
    if (part.plane === 0) context.rect(Math.round(x + part.x * size) + 0.5, Math.round(y + part.y * size) + 0.5, part.side * size, part.side * size);
  }
  context.stroke();
}

/** Words about the blocks under a place of the canvas. */
function tell(event) {
  const { current, view, placed } = state;
  if (!EXPLAINS.has(view) || current?.parts?.of !== current?.tin || !placed) return;
  const box = canvas.getBoundingClientRect();
  const at = (length, start) => Math.floor((length * devicePixelRatio - start) / placed.size);
  const [x, y] = [at(event.clientX - box.left, placed.x), at(event.clientY - box.top, placed.y)];
  const words = partsAt(current.parts.list, x, y).map((part) => `plane ${part.plane}: ${part.side} × ${part.side}, piece ${part.choice}, ${counted(part.levels, "level")}, ${part.bits.toFixed(1)} bits`);
  if (words.length) $("where").textContent = `At ${x}, ${y}: ${words.join("; ")}.`;
}

setInterval(() => {
  if (state.view !== "flicker") return;
  state.flick = !state.flick;
  draw();
}, 600);

function choose(name, value) {
  const input = document.querySelector(`input[name="${name}"][value="${value}"]`);
  if (!input) return;
  input.checked = true;
  if (name === "view") {
    state.view = value;
    if (EXPLAINS.has(value)) explain();
  }
  else state.zoom = Number(value);
  draw();
}

function move(dx, dy) {
  state.at.x = Math.min(1, Math.max(0, state.at.x + dx));
  state.at.y = Math.min(1, Math.max(0, state.at.y + dy));
  draw();
}

// The curve.

const QUALITIES = [5, 20, 40, 60, 75, 90];

async function curve() {
  const { current } = state;
  $("draw").disabled = true;
  const count = current.pixels.width * current.pixels.height;
  const lines = { tintype: [], jpeg: [], webp: [] };
  const point = (pixels, bytes) => ({ bpp: (bytes * 8) / count, psnr: psnr(current.pixels, pixels) });
  try {
    for (const quality of QUALITIES) {
      const { bytes } = await engine.encode(current.pixels, { ...settings(), lossless: false, quality });
      lines.tintype.push(point(await engine.decode(bytes), bytes.length));
      for (const name of ["jpeg", "webp"]) {
        const blob = await canvasBlob(current.pixels, `image/${name}`, quality / 100);
        if (blob) lines[name].push(point(await pixelsOf(blob), blob.size));
      }
      if (state.current !== current) return;
      drawPlot($("plot"), lines);
    }
  } catch (error) {
    say(error.message);
  } finally {
    $("draw").disabled = false;
  }
}

// All pictures.

function listBatch() {
  $("batch").hidden = pictures.length < 2;
  $("batch-rows").replaceChildren(...pictures.map((picture) => {
    const row = document.createElement("tr");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = picture.name;
    button.onclick = () => look(picture);
    const after = picture.batch;
    const cells = [button, kilobytes(picture.blob.size), after ? kilobytes(after.length) : picture.fault ?? "–", after ? `${(picture.blob.size / after.length).toFixed(2)} times` : "–", after ? (Number.isFinite(picture.psnr) ? `${picture.psnr.toFixed(2)} dB` : "equal") : "–"];
    row.append(...cells.map((content) => {
      const cell = document.createElement("td");
      cell.append(content);
      return cell;
    }));
    return row;
  }));
}

async function encodeAll() {
  $("pack").disabled = true;
  for (const picture of pictures) {
    try {
      const pixels = picture.pixels ?? (await pixelsOf(picture.blob));
      picture.batch = (await engine.encode(pixels, settings())).bytes;
      picture.psnr = psnr(pixels, await engine.decode(picture.batch));
    } catch (error) {
      picture.fault = error.message;
    }
    listBatch();
  }
  const done = pictures.filter((picture) => picture.batch);
  const names = done.map((picture) => [picture.name.replace(/\.[^.]*$/, "") + ".tin", picture.batch]);
  if (done.length) offer($("save-all"), zipOf(names), "pictures.zip");
  $("pack").disabled = false;
}

// What the user does.

async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return [...transfer.files];
  const files = [];
  const walk = async (entry) => {
    if (entry.isFile) {
      files.push(await new Promise((done, refuse) => entry.file(done, refuse)));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, refuse) => reader.readEntries(done, refuse));
      if (some.length === 0) return;
      for (const one of some) await walk(one);
    }
  };
  for (const entry of entries) await walk(entry);
  return files.sort((a, b) => a.name.localeCompare(b.name));
}

let waits;
const soon = () => {
  clearTimeout(waits);
  waits = setTimeout(compress, 150);
};
$("files").onchange = (event) => add(event.target.files);
$("quality").oninput = () => {
  $("quality-text").value = $("quality").value;
  soon();
};
for (const id of ["exact", "codec", "effort"]) $(id).onchange = soon;
$("split").oninput = draw;
$("view").onchange = (event) => choose("view", event.target.value);
$("zoom").onchange = (event) => choose("zoom", event.target.value);
$("draw").onclick = curve;
$("pack").onclick = encodeAll;
addEventListener("resize", draw);
addEventListener("dragover", (event) => {
  event.preventDefault();
  $("stage").classList.add("over");
});
addEventListener("dragleave", () => $("stage").classList.remove("over"));
addEventListener("drop", async (event) => {
  event.preventDefault();
  $("stage").classList.remove("over");
  add(await filesOf(event.dataTransfer));
});
canvas.addEventListener("pointerdown", (event) => {
  const from = { x: event.clientX, y: event.clientY };
  const slide = (moved) => {
    if (state.zoom === 0 && state.view === "split") {
      $("split").value = (1000 * (moved.clientX - canvas.getBoundingClientRect().left)) / canvas.clientWidth;
      draw();
      return;
    }
    const size = state.zoom || 1;
    move((from.x - moved.clientX) / (state.current.pixels.width * size), (from.y - moved.clientY) / (state.current.pixels.height * size));
    [from.x, from.y] = [moved.clientX, moved.clientY];
  };
  canvas.setPointerCapture(event.pointerId);
  canvas.addEventListener("pointermove", slide);
  canvas.addEventListener("pointerup", () => canvas.removeEventListener("pointermove", slide), { once: true });
});
canvas.addEventListener("pointermove", tell);
canvas.addEventListener("keydown", (event) => {
  const step = 0.05;
  const steps = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (!steps[event.key]) return;
  event.preventDefault();
  move(...steps[event.key]);
});
addEventListener("keydown", (event) => {
  if (event.target.matches("input:not([type=range], [type=radio], [type=checkbox]), select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const views = { f: "flicker", d: "difference", s: "split", b: "bits", p: "choice", k: "side" };
  if (event.key === "o") $("files").click();
  else if (views[event.key]) choose("view", views[event.key]);
  else if ("0124".includes(event.key)) choose("zoom", event.key);
});
engine.name().then((name) => ($("engine").textContent = name), (error) => say(error.message));
