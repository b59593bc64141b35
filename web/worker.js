// One job at a time on one WebAssembly module. In: a job from tintype.js. Out: `info`, `picture`s, then `result` or `error`.

const CODECS = { jpeg: 1, wavelet: 2, lossless: 3, cluster: 4, photo: 5, sparse: 6, neural: 7, planes: 8 };
/** Codecs that need the second module to be decoded; a third encodes. */
const MORE = new Set(["jpeg", "neural"]);
const ENCODES = "tintype-encode.wasm";
/** The file of the model that each codec has unless the file names another. */
const MODELS = {
  photo: "photo.tinmodel",
  cluster: "cluster-photo.tinmodel",
  sparse: "sparse-photo.tinmodel",
  neural: "neural-photo.tinmodel",
};

const text = new TextDecoder();
const modules = new Map();
let place;

/** A module and the models that it has. */
async function moduleOf(name) {
  if (!modules.has(name)) modules.set(name, { exports: await instance(new URL(name, place)), models: new Set() });
  return modules.get(name);
}

async function instance(url) {
  const answer = await reached(url);
  const type = answer.headers.get("content-type") ?? "";
  const { instance } = type.startsWith("application/wasm")
    ? await WebAssembly.instantiateStreaming(answer, {})
    : await WebAssembly.instantiate(await answer.arrayBuffer(), {});
  return instance.exports;
}

async function reached(url) {
  let answer;
  try {
    answer = await fetch(url);
  } catch (error) {
    throw new Error(`${url}: ${error.message}; is the server reachable, and does it allow this page?`);
  }
  if (!answer.ok) throw new Error(`${url}: the server answers ${answer.status} ${answer.statusText}`);
  return answer;
}

/** Writes bytes into the module's memory; they are its own then. */
function put(exports, bytes) {
  const at = exports.allocate(bytes.length);
  new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
  return at;
}

function words(exports) {
  return text.decode(new Uint8Array(exports.memory.buffer, exports.text_at(), exports.text_len()));
}

function checked(exports, status) {
  if (status < 0) throw new Error(words(exports));
  return status;
}

function result(exports) {
  return new Uint8Array(exports.memory.buffer, exports.pixels_at(), exports.pixels_len()).slice();
}

async function needModel(module, codec, models) {
  const file = MODELS[codec];
  if (!file || module.models.has(codec)) return;
  const answer = await reached(new URL(file, models));
  checked(module.exports, module.exports.add_model(put(module.exports, new Uint8Array(await answer.arrayBuffer()))));
  module.models.add(codec);
}

async function* pieces({ url, stream, blob, bytes }) {
  if (bytes) {
    yield bytes;
    return;
  }
  const reader = (stream ?? (blob ? blob.stream() : (await reached(url)).body)).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function joined(parts) {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Reads until the head is there: what it says, and the bytes so far. */
async function headOf(parts, reader) {
  const { exports } = await moduleOf("tintype.wasm");
  for (;;) {
    const { done, value } = await reader.next();
    if (value) parts.push(value);
    const bytes = joined(parts);
    const status = checked(exports, exports.describe(put(exports, bytes)));
    if (status === 1) return { info: JSON.parse(words(exports)), bytes };
    if (done) throw new Error(bytes.length ? words(exports) : "the file is empty");
  }
}

/** The smallest scale that gives enough pixels. */
function scaleFor(info, region, { width, height }) {
  const [whole, high] = region ? [region.width, region.height] : [info.width, info.height];
  let scale = 1;
  while (scale < 32 && whole / (scale * 2) >= width && high / (scale * 2) >= height) scale *= 2;
  return scale;
}

async function decode({ source, scale, fit, region, progress, keepBytes, models }) {
  const reader = pieces(source);
  const parts = [];
  const { info, bytes } = await headOf(parts, reader);
  self.postMessage({ kind: "info", info });
  const module = await moduleOf(MORE.has(info.codec) ? "tintype-more.wasm" : "tintype.wasm");
  const { exports } = module;
  if (!info.model?.sent) await needModel(module, info.codec, models);
  // Groups of lossy colour are coded by that codec.
  if (info.codec === "planes" && !info.lossless) await needModel(module, "photo", models);
  exports.start(fit ? scaleFor(info, region, fit) : scale, region?.x ?? 0, region?.y ?? 0, region?.width ?? 0, region?.height ?? 0);

  let [received, milliseconds, shown] = [0, 0, false];
  const timed = (work) => {
    const begin = performance.now();
    const status = checked(exports, work());
    milliseconds += performance.now() - begin;
    shown ||= status === 1;
    return status;
  };
  const picture = () => ({
    width: exports.width(),
    height: exports.height(),
    pixels: result(exports).buffer,
    colours: exports.colours(),
    hash: BigInt.asUintN(64, exports.samples_hash()).toString(16).padStart(16, "0"),
    warnings: words(exports),
    info,
    received,
    milliseconds,
  });
  const take = (piece) => {
    received += piece.length;
    if (timed(() => exports.push(put(exports, piece))) === 1 && progress) {
      const now = picture();
      self.postMessage({ kind: "picture", ...now }, [now.pixels]);
    }
  };
  if (progress) {
    take(bytes);
    for await (const piece of reader) {
      parts.push(piece);
      take(piece);
    }
  } else {
    for await (const piece of reader) parts.push(piece);
    take(joined(parts));
  }
  if (!shown) timed(() => exports.finish());
  const last = picture();
  const transfer = [last.pixels];
  if (keepBytes) {
    last.bytes = joined(parts).slice();
    transfer.push(last.bytes.buffer);
  }
  self.postMessage({ kind: "result", ...last }, transfer);
}

async function describe({ source }) {
  const { info } = await headOf([], pieces(source));
  self.postMessage({ kind: "result", info });
}

async function encode({ pixels, width, height, quality, effort, codec, models }) {
  if (codec !== "auto" && !(codec in CODECS)) {
    throw new Error(`codec ${codec} is not known (auto, ${Object.keys(CODECS).join(", ")} are)`);
  }
  const module = await moduleOf(ENCODES);
  const { exports } = module;
  if (quality <= 100) await needModel(module, codec === "auto" ? "photo" : codec, models);
  const number = codec === "auto" ? 0 : CODECS[codec];
  checked(exports, exports.encode(put(exports, pixels), width, height, quality, effort, number));
  const bytes = result(exports);
  self.postMessage({ kind: "result", bytes }, [bytes.buffer]);
}

async function explain({ source, models }) {
  const { info, bytes } = await headOf([], pieces(source));
  const module = await moduleOf(ENCODES);
  if (!info.model?.sent) await needModel(module, info.codec, models);
  checked(module.exports, module.exports.explain(put(module.exports, bytes)));
  const parts = result(module.exports);
  self.postMessage({ kind: "result", bytes: parts }, [parts.buffer]);
}

const JOBS = { decode, encode, explain, info: describe };

self.onmessage = async ({ data }) => {
  place = data.base;
  try {
    await JOBS[data.kind](data);
  } catch (error) {
    // A trap leaves the module in no known state.
    if (error instanceof WebAssembly.RuntimeError) modules.clear();
    self.postMessage({ kind: "error", message: error.message });
  }
};
