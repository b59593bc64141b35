"use strict";
// The report's behaviour: everything is drawn from the JSON in #data. No library, no network.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["#c2571a", "#2f6db3", "#2e8b57", "#a03ea0", "#b8860b", "#148f9c", "#c0397a", "#6b6fd1", "#7a8b1e", "#8a5a44", "#5f6b76", "#d1483f"];
const METRICS = [
  { key: "psnr", name: "PSNR (dB)", digits: 2 },
  { key: "ms_ssim", name: "MS-SSIM (dB)", digits: 2, of: (x) => -10 * Math.log10(Math.max(1e-9, 1 - x)) },
  { key: "ssimulacra2", name: "SSIMULACRA2", digits: 1 },
  { key: "butteraugli", name: "Butteraugli (less is better)", digits: 2, down: true },
  { key: "ssim", name: "SSIM", digits: 4 },
];
const codecs = data.codecs.map((codec, index) => ({ ...codec, colour: COLOURS[index % COLOURS.length], dash: index >= COLOURS.length ? "5 4" : "", shown: true }));
const byName = Object.fromEntries(codecs.map((codec) => [codec.name, codec]));

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
function shape(parent, name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}
const number = (value, digits = 2) => (value === null || value === undefined ? "–" : Number(value).toFixed(digits));
const bytes = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const megabytes = (value) => (value ? (value / 1e6).toFixed(1) : "–");

function tip(event, text) {
  const box = $("tip");
  box.textContent = text;
  box.style.display = "block";
  const left = Math.min(event.clientX + 14, innerWidth - box.offsetWidth - 8);
  box.style.left = left + "px";
  box.style.top = Math.max(8, event.clientY - box.offsetHeight - 10) + "px";
}
const untip = () => { $("tip").style.display = "none"; };

function ticks(low, high, logarithmic) {
  if (logarithmic) {
    const all = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
      for (const digit of [1, 2, 3, 5, 7]) all.push(digit * 10 ** power);
    return all.filter((tick) => tick >= low && tick <= high);
  }
  const rough = (high - low) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => s >= rough) || power;
  const all = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) all.push(tick);
  return all;
}
const label = (tick) => String(Number(tick.toPrecision(4)));

// One plot: lines of points in a frame with ticks; hover on points; drag to zoom where `onZoom` is given.
function plot(holder, { lines, xName, yName, logX, logY, view, onZoom, downY, height = 460 }) {
  holder.textContent = "";
  const width = 1100, left = 62, right = 150, top = 12, bottom = 46;
  const svg = shape(holder, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${yName} over ${xName}` });
  const points = lines.flatMap((line) => line.points).filter((p) => (!logX || p.x > 0) && (!logY || p.y > 0));
  if (!points.length) { shape(svg, "text", { x: left + 20, y: 60 }, "Nothing to show: every codec is hidden, or has no such figure."); return; }
  const range = (values, logarithmic) => {
    let low = Math.min(...values), high = Math.max(...values);
    if (low === high) { low *= 0.9; high = high * 1.1 || 1; }
    const pad = logarithmic ? (high / low) ** 0.04 : (high - low) * 0.04;
    return logarithmic ? [low / pad, high * pad] : [low - pad, high + pad];
  };
  const [x0, x1] = view ? view.x : range(points.map((p) => p.x), logX);
  const [y0, y1] = view ? view.y : range(points.map((p) => p.y), logY);
  const scale = (low, high, from, to, logarithmic) => {
    const f = logarithmic ? Math.log : (v) => v;
    return { at: (v) => from + ((f(v) - f(low)) / (f(high) - f(low))) * (to - from), back: (p) => { const v = f(low) + ((p - from) / (to - from)) * (f(high) - f(low)); return logarithmic ? Math.exp(v) : v; } };
  };
  const sx = scale(x0, x1, left, width - right, logX);
  const sy = downY ? scale(y0, y1, top, height - bottom, logY) : scale(y0, y1, height - bottom, top, logY);
  let lastX = -100;
  for (const tick of ticks(x0, x1, logX)) {
    shape(svg, "line", { class: "grid", x1: sx.at(tick), x2: sx.at(tick), y1: top, y2: height - bottom });
    if (sx.at(tick) - lastX > 34) { shape(svg, "text", { x: sx.at(tick), y: height - bottom + 18, "text-anchor": "middle" }, label(tick)); lastX = sx.at(tick); }
  }
  let lastY = -100;
  for (const tick of ticks(y0, y1, logY)) {
    shape(svg, "line", { class: "grid", x1: left, x2: width - right, y1: sy.at(tick), y2: sy.at(tick) });
    if (Math.abs(sy.at(tick) - lastY) > 16) { shape(svg, "text", { x: left - 8, y: sy.at(tick) + 4, "text-anchor": "end" }, label(tick)); lastY = sy.at(tick); }
  }
  shape(svg, "rect", { class: "frame", x: left, y: top, width: width - right - left, height: height - top - bottom });
  shape(svg, "text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, xName);
  shape(svg, "text", { x: 14, y: (top + height - bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 14 ${(top + height - bottom) / 2})` }, yName);
  const clip = shape(shape(svg, "defs", {}), "clipPath", { id: holder.id + "-clip" });
  shape(clip, "rect", { x: left, y: top, width: width - right - left, height: height - top - bottom });
  const inside = shape(svg, "g", { "clip-path": `url(#${holder.id}-clip)` });
  const ends = [];
  for (const line of lines) {
    const drawn = line.points.filter((p) => (!logX || p.x > 0) && (!logY || p.y > 0)).map((p) => ({ ...p, px: sx.at(p.x), py: sy.at(p.y) }));
    if (!drawn.length) continue;
    const strong = line.codec.ours ? 3 : 1.8;
    if (!line.loose) shape(inside, "polyline", { points: drawn.map((p) => `${p.px},${p.py}`).join(" "), fill: "none", stroke: line.codec.colour, "stroke-width": strong, "stroke-dasharray": line.codec.dash });
    for (const p of drawn) {
      const dot = shape(inside, "circle", { cx: p.px, cy: p.py, r: line.codec.ours ? 5 : 4, fill: line.codec.colour, tabindex: 0 });
      dot.addEventListener("mousemove", (event) => tip(event, p.text));
      dot.addEventListener("mouseleave", untip);
    }
    const visible = drawn.filter((p) => p.px >= left && p.px <= width - right && p.py >= top && p.py <= height - bottom);
    if (visible.length && !line.loose) ends.push({ codec: line.codec, y: visible[visible.length - 1].py });
    if (line.loose) for (const p of visible) shape(svg, "text", { class: "name", x: p.px + 9, y: p.py + 4, style: `fill:${line.codec.colour}` }, line.codec.name);
  }
  // Names at the right edge, pushed apart.
  ends.sort((a, b) => a.y - b.y);
  let y = top - 6;
  for (const end of ends) { end.at = Math.max(end.y, y + 15); y = end.at; }
  y = height - bottom + 15;
  for (const end of ends.slice().reverse()) { end.at = Math.min(end.at, y - 15); y = end.at; }
  for (const end of ends) shape(svg, "text", { class: "name", x: width - right + 8, y: end.at + 4, style: `fill:${end.codec.colour}` }, end.codec.name);
  if (onZoom) dragToZoom(svg, { left, right: width - right, top, bottom: height - bottom, width }, (a, b) => {
    const ys = [sy.back(a.y), sy.back(b.y)].sort((p, q) => p - q);
    onZoom({ x: [sx.back(a.x), sx.back(b.x)], y: ys });
  });
}

function dragToZoom(svg, frame, done) {
  let start = null, box = null;
  const place = (event) => {
    const rect = svg.getBoundingClientRect(), k = frame.width / rect.width;
    return { x: Math.min(frame.right, Math.max(frame.left, (event.clientX - rect.left) * k)), y: Math.min(frame.bottom, Math.max(frame.top, (event.clientY - rect.top) * k)) };
  };
  svg.addEventListener("pointerdown", (event) => { start = place(event); box = shape(svg, "rect", { class: "zoom" }); svg.setPointerCapture(event.pointerId); });
  svg.addEventListener("pointermove", (event) => {
    if (!start) return;
    const now = place(event);
    for (const [key, value] of Object.entries({ x: Math.min(start.x, now.x), y: Math.min(start.y, now.y), width: Math.abs(now.x - start.x), height: Math.abs(now.y - start.y) })) box.setAttribute(key, value);
  });
  svg.addEventListener("pointerup", (event) => {
    if (!start) return;
    const now = place(event), from = start;
    start = null;
    box.remove();
    if (Math.abs(now.x - from.x) > 8 && Math.abs(now.y - from.y) > 8) done({ x: Math.min(from.x, now.x), y: Math.min(from.y, now.y) }, { x: Math.max(from.x, now.x), y: Math.max(from.y, now.y) });
  });
}

let view = null;
function drawRd() {
  const metric = METRICS.find((m) => m.key === $("metric").value);
  const image = $("image").value;
  const of = metric.of || ((x) => x);
  const lines = codecs.filter((codec) => codec.shown).map((codec) => {
    const rows = image ? data.points.filter((p) => p.codec === codec.name && p.image === image) : data.summary.filter((s) => s.codec === codec.name);
    const points = rows.filter((r) => r.metrics && r.metrics[metric.key] !== null).map((r) => {
      const quality = metric.key === "ms_ssim" && !image && r.ms_ssim_db !== null ? r.ms_ssim_db : of(r.metrics[metric.key]);
      return { x: r.bpp, y: quality, text: `${codec.name}, ${codec.setting_kind} ${r.setting}\n${number(r.bpp, 3)} bpp, ${bytes(r.bytes)} bytes\n${metric.name} ${number(quality, metric.digits)}` };
    });
    return { codec, points: points.sort((a, b) => a.x - b.x) };
  });
  plot($("rd"), { lines, xName: "bits per pixel", yName: metric.name, logX: $("log").checked, view, downY: metric.down, onZoom: (v) => { view = v; drawRd(); } });
}

function drawLegend() {
  $("legend").replaceChildren(...codecs.map((codec) => element("button", { type: "button", class: (codec.ours ? "ours " : "") + (codec.shown ? "" : "off"), onclick: () => { codec.shown = !codec.shown; drawAll(); } }, element("i", { style: `background:${codec.colour}` }), codec.name)));
}

// Rate needed for a quality, read off the curve of averages by straight lines over the logarithm of rate.
function rateAt(rows, quality) {
  const sorted = rows.filter((r) => r.metrics && r.metrics.ssimulacra2 !== null).sort((a, b) => a.bpp - b.bpp);
  for (let i = 1; i < sorted.length; i++) {
    const [a, b] = [sorted[i - 1], sorted[i]], [qa, qb] = [a.metrics.ssimulacra2, b.metrics.ssimulacra2];
    if (qa <= quality && quality <= qb && qb > qa) {
      const t = (quality - qa) / (qb - qa), mix = (u, v) => Math.exp(Math.log(u) * (1 - t) + Math.log(v) * t);
      return { bpp: mix(a.bpp, b.bpp), encode: a.encode_mp_per_s && b.encode_mp_per_s && mix(a.encode_mp_per_s, b.encode_mp_per_s), decode: a.decode_mp_per_s && b.decode_mp_per_s && mix(a.decode_mp_per_s, b.decode_mp_per_s) };
    }
  }
  return null;
}
function drawSpeed() {
  const direction = $("direction").value, quality = 65;
  $("speed-hint").textContent = data.lossless ? "One thread, process start and file access included." : `At SSIMULACRA2 ${quality}, read off each curve; one thread, process start and file access included. Up and to the left is better.`;
  const lines = codecs.filter((codec) => codec.shown).map((codec) => {
    const rows = data.summary.filter((s) => s.codec === codec.name);
    const at = data.lossless ? rows.map((r) => ({ bpp: r.bpp, encode: r.encode_mp_per_s, decode: r.decode_mp_per_s })) : [rateAt(rows, quality)];
    const points = at.filter((a) => a && a[direction]).map((a) => ({ x: a.bpp, y: a[direction], text: `${codec.name}\n${number(a.bpp, 3)} bpp\n${direction} ${number(a[direction], 2)} MP/s` }));
    return { codec, points, loose: true };
  });
  plot($("speed"), { lines, xName: data.lossless ? "bits per pixel" : "bits per pixel at this quality", yName: `${direction} megapixels per CPU second`, logY: true, height: 340 });
}

function table(holder, columns, rows, sort) {
  const state = sort || { key: null, down: false };
  const sorted = rows.slice();
  const column = columns.find((c) => c.key === state.key);
  if (column) sorted.sort((a, b) => { const [x, y] = [column.value(a), column.value(b)]; const order = typeof x === "string" ? x.localeCompare(y) : (x ?? -Infinity) - (y ?? -Infinity); return state.down ? -order : order; });
  const head = columns.map((c) => element("th", { class: "sortable" + (c.text ? " text" : ""), onclick: () => table(holder, columns, rows, { key: c.key, down: state.key === c.key ? !state.down : false }) }, c.name + (state.key === c.key ? (state.down ? " ↓" : " ↑") : "")));
  const body = sorted.map((row) => element("tr", { class: byName[row.codec] && byName[row.codec].ours ? "ours" : "" }, ...columns.map((c) => element("td", { class: c.text ? "text" : "" }, c.show ? c.show(row) : String(c.value(row) ?? "–")))));
  holder.replaceChildren(element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body)));
}
function drawSummary() {
  const metric = (key, name, digits) => ({ key, name, value: (r) => (r.metrics ? r.metrics[key] : null), show: (r) => number(r.metrics && r.metrics[key], digits) });
  const columns = [
    { key: "codec", name: "codec", text: true, value: (r) => r.codec },
    { key: "setting", name: "setting", value: (r) => Number(r.setting) || 0, show: (r) => r.setting },
    { key: "images", name: "pictures", value: (r) => r.images },
    { key: "bytes", name: "bytes", value: (r) => r.bytes, show: (r) => bytes(r.bytes) },
    { key: "bpp", name: "bpp", value: (r) => r.bpp, show: (r) => number(r.bpp, 3) },
    { key: "ratio", name: "ratio", value: (r) => r.ratio, show: (r) => number(r.ratio, 1) },
    ...(data.lossless ? [] : [metric("psnr", "PSNR", 2), metric("ssim", "SSIM", 4), metric("ms_ssim", "MS-SSIM", 4), metric("ssimulacra2", "SSIMULACRA2", 2), metric("butteraugli", "Butteraugli", 2), metric("mae", "MAE", 2)]),
    { key: "e", name: "enc MP/s", value: (r) => r.encode_mp_per_s, show: (r) => number(r.encode_mp_per_s, 2) },
    { key: "d", name: "dec MP/s", value: (r) => r.decode_mp_per_s, show: (r) => number(r.decode_mp_per_s, 2) },
    { key: "em", name: "enc MB", value: (r) => r.encode_peak_bytes, show: (r) => megabytes(r.encode_peak_bytes) },
    { key: "dm", name: "dec MB", value: (r) => r.decode_peak_bytes, show: (r) => megabytes(r.decode_peak_bytes) },
    { key: "mb", name: "model MB", value: (r) => byName[r.codec] && byName[r.codec].model_bytes, show: (r) => number(byName[r.codec] && byName[r.codec].model_bytes && byName[r.codec].model_bytes / 1e6, 2) },
    { key: "fit", name: "fit s", value: (r) => byName[r.codec] && byName[r.codec].fit_s, show: (r) => number(byName[r.codec] && byName[r.codec].fit_s, 0) },
  ];
  table($("summary"), columns, data.summary, data.lossless ? { key: "bytes", down: false } : null);
}
function drawBd() {
  const metric = $("bd-metric").value, kind = $("bd-kind").value;
  const find = (a, b) => data.bd_rate.find((r) => r.codec === a && r.anchor === b && r.metric === metric);
  const cell = (a, b) => {
    if (a === b) return element("td", {}, "");
    const entry = find(a, b), value = entry ? entry[kind] : null;
    const strength = value === null ? 0 : Math.min(0.45, Math.abs(value) / 120);
    const colour = value < 0 ? `rgba(40,150,90,${strength})` : `rgba(200,70,55,${strength})`;
    return element("td", { style: value === null ? "" : `background:${colour}`, title: entry ? `${entry.images} pictures` : "" }, value === null ? "–" : (value > 0 ? "+" : "") + value.toFixed(1));
  };
  const names = codecs.map((c) => c.name);
  const head = element("tr", {}, element("th", {}, ""), ...names.map((name) => element("th", {}, name)));
  const rows = names.map((a) => element("tr", { class: byName[a].ours ? "ours" : "" }, element("td", {}, a), ...names.map((b) => cell(a, b))));
  $("bd").replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

const png = (text) => "data:image/png;base64," + text;
function choices(set) {
  return [{ codec: "source", png: set.source, text: "source" }, ...set.crops.map((crop) => ({ codec: crop.codec, png: crop.png, text: `${crop.codec}: ${bytes(crop.bytes)} bytes, SSIMULACRA2 ${number(crop.ssimulacra2, 1)}, ${number(crop.psnr, 1)} dB` }))];
}
function drawCrops() {
  const set = data.crops[Number($("crop-set").value)], all = choices(set);
  for (const [id, fallback] of [["crop-a", 1], ["crop-b", 2]]) {
    const before = $(id).value;
    $(id).replaceChildren(...all.map((choice) => element("option", { value: choice.codec }, choice.codec)));
    $(id).value = all.some((choice) => choice.codec === before) ? before : all[Math.min(fallback, all.length - 1)].codec;
  }
  drawPair();
}
function drawPair() {
  const set = data.crops[Number($("crop-set").value)], all = choices(set), zoom = Number($("crop-zoom").value);
  const pick = (id) => all.find((choice) => choice.codec === $(id).value) || all[0];
  const [a, b] = [pick("crop-a"), pick("crop-b")];
  $("compare").style.width = set.width * zoom + "px";
  $("compare").style.aspectRatio = `${set.width} / ${set.height}`;
  $("crop-left").src = png(a.png);
  $("crop-right").src = png(b.png);
  $("tag-left").textContent = a.text;
  $("tag-right").textContent = b.text;
  $("slider").style.maxWidth = set.width * zoom + "px";
  $("strip").replaceChildren(...all.map((choice) => element("figure", { class: choice.codec === a.codec || choice.codec === b.codec ? "chosen" : "", onclick: () => { $("crop-b").value = choice.codec; drawPair(); } }, element("img", { src: png(choice.png), alt: choice.text }), element("figcaption", {}, choice.text))));
  slide(Number($("slider").value));
}
function slide(percent) {
  $("slider").value = percent;
  $("crop-right").style.clipPath = `inset(0 0 0 ${percent}%)`;
  $("divider").style.left = percent + "%";
  $("tag-left").style.opacity = percent > 15 ? 1 : 0;
  $("tag-right").style.opacity = percent < 85 ? 1 : 0;
}
let flickering = null;
function flicker() {
  if (flickering) { clearInterval(flickering); flickering = null; slide(50); $("flicker").textContent = "Flicker"; return; }
  let side = 0;
  flickering = setInterval(() => { side = 100 - side; slide(side); }, 600);
  $("flicker").textContent = "Stop";
}

function drawAll() {
  drawLegend();
  if (!data.lossless) { drawRd(); drawBd(); }
  drawSpeed();
}
function start() {
  const theme = (name) => { document.documentElement.dataset.theme = name; };
  theme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  $("theme").onclick = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  const pixels = data.images.reduce((sum, image) => sum + image.width * image.height, 0) / 1e6;
  $("facts").textContent = `${data.images.length} pictures, ${pixels.toFixed(1)} megapixels; tintype ${data.tintype}; ${data.machine}. ` + (data.timed ? "Codecs were timed one at a time, on one thread." : "Nothing was timed.") + (data.points.some((p) => p.cached) ? " Some peers' figures were kept from an earlier run." : "");
  const metrics = METRICS.filter((m) => data.summary.some((s) => s.metrics && s.metrics[m.key] !== null));
  $("metric").replaceChildren(...metrics.map((m) => element("option", { value: m.key }, m.name)));
  $("image").replaceChildren(element("option", { value: "" }, "mean of all"), ...data.images.map((image) => element("option", { value: image.name }, image.name)));
  $("bd-metric").replaceChildren(...[["psnr", "PSNR"], ["ms_ssim", "MS-SSIM in dB"], ["ssimulacra2", "SSIMULACRA2"]].map(([value, name]) => element("option", { value }, name)));
  for (const id of ["metric", "image", "log"]) $(id).onchange = () => { view = null; drawRd(); };
  $("reset").onclick = $("rd").ondblclick = () => { view = null; drawRd(); };
  $("direction").onchange = drawSpeed;
  $("bd-metric").onchange = $("bd-kind").onchange = drawBd;
  if (data.lossless) for (const id of ["rd-section", "bd-section"]) $(id).hidden = true;
  if (!data.timed) $("speed-section").hidden = true;
  if (!data.crops.length) $("crops-section").hidden = true;
  else {
    $("crop-set").replaceChildren(...data.crops.map((set, index) => element("option", { value: index }, `${set.image} at ${set.target_bpp} bpp`)));
    $("crop-set").onchange = drawCrops;
    $("crop-a").onchange = $("crop-b").onchange = $("crop-zoom").onchange = drawPair;
    $("slider").oninput = () => slide(Number($("slider").value));
    $("compare").onpointermove = (event) => { if (event.buttons || event.pointerType === "mouse") { const box = $("compare").getBoundingClientRect(); if (!flickering) slide(Math.round(Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width)))); } };
    $("flicker").onclick = flicker;
    drawCrops();
  }
  drawSummary();
  table($("codecs"), [
    { key: "codec", name: "codec", text: true, value: (r) => r.codec },
    { key: "version", name: "version", text: true, value: (r) => r.version },
    { key: "command", name: "encoder's command", text: true, value: (r) => r.command, show: (r) => element("code", {}, r.command) },
  ], data.codecs.map((codec) => ({ ...codec, codec: codec.name })), null);
  if (data.missing.length) $("missing").replaceChildren(element("p", { class: "hint" }, "Not run: " + data.missing.map((m) => `${m.codec} (${m.why})`).join("; ") + "."));
  if (data.failures.length) $("failures").replaceChildren(element("h2", {}, "Runs that failed"), element("ul", {}, ...data.failures.map((f) => element("li", {}, `${f.codec} ${f.setting} on ${f.image}: ${f.reason}`))));
  drawAll();
}
start();
