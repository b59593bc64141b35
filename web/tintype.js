// Tintype in the browser: `.tin` pictures decoded and encoded in workers. Types and words: tintype.d.ts.

const settings = {
  base: new URL(".", import.meta.url).href,
  models: new URL("models/", import.meta.url).href,
  workers: Math.max(1, Math.min(4, globalThis.navigator?.hardwareConcurrency ?? 2)),
};

/** What is free, and who waits for it. */
const idle = [];
const queue = [];
let started = 0;

export class TintypeError extends Error {
  name = "TintypeError";
}

export function configure(changes) {
  Object.assign(settings, changes);
}

/** Runs one job on a worker of its own; `onMessage` sees what comes before the result. */
async function run(job, { transfer = [], signal, onMessage } = {}) {
  signal?.throwIfAborted();
  const worker = await aWorker();
  if (signal?.aborted) {
    free(worker);
    signal.throwIfAborted();
  }
  return new Promise((resolve, reject) => {
    const stop = () => {
      // Whatever it is in the midst of ends with it; the next job starts another.
      worker.terminate();
      started -= 1;
      next();
      reject(signal.reason);
    };
    const done = (settle, value) => {
      signal?.removeEventListener("abort", stop);
      worker.onmessage = worker.onerror = null;
      free(worker);
      settle(value);
    };
    signal?.addEventListener("abort", stop, { once: true });
    worker.onerror = (event) => done(reject, new TintypeError(event.message || "the worker could not be started"));
    worker.onmessage = ({ data }) => {
      if (data.kind === "result") done(resolve, data);
      else if (data.kind === "error") done(reject, new TintypeError(data.message));
      else onMessage?.(data);
    };
    worker.postMessage({ ...job, models: settings.models, base: settings.base }, transfer);
  });
}

function aWorker() {
  if (idle.length > 0) return idle.pop();
  if (started < settings.workers) {
    started += 1;
    return new Worker(new URL("worker.js", settings.base), { type: "module" });
  }
  return new Promise((resolve) => queue.push(resolve));
}

function free(worker) {
  const waiting = queue.shift();
  if (waiting) waiting(worker);
  else idle.push(worker);
}

function next() {
  const waiting = queue.shift();
  if (waiting) waiting(aWorker());
}

/** What a worker takes as a source, and what is handed over with it. */
function sourceOf(source) {
  if (typeof source === "string" || source instanceof URL) {
    return [{ url: new URL(source, globalThis.document?.baseURI ?? globalThis.location.href).href }, []];
  }
  if (source instanceof Response) {
    if (!source.ok) throw new TintypeError(`${source.url}: the server answers ${source.status}`);
    source = source.body;
  }
  if (source instanceof ReadableStream) return [{ stream: source }, [source]];
  if (source instanceof Blob) return [{ blob: source }, []];
  if (source instanceof ArrayBuffer) return [{ bytes: new Uint8Array(source) }, []];
  if (ArrayBuffer.isView(source)) {
    return [{ bytes: new Uint8Array(source.buffer, source.byteOffset, source.byteLength) }, []];
  }
  throw new TypeError("the source of a picture is an address, a Response, a ReadableStream, a Blob or bytes");
}

function pictureOf({ width, height, pixels, colours, hash, warnings, info, bytes, received, milliseconds }) {
  return {
    width,
    height,
    data: new Uint8ClampedArray(pixels),
    colorSpace: colours === 1 ? "display-p3" : "srgb",
    knownProfile: colours !== 2,
    samplesHash: hash,
    warnings,
    info,
    bytes,
    received,
    milliseconds,
  };
}

export async function decode(source, options = {}) {
  const { scale = 1, fit, region, signal, onPicture, onInfo, keepBytes = false } = options;
  const [what, transfer] = sourceOf(source);
  const onMessage = (data) => {
    if (data.kind === "info") onInfo?.(data.info);
    if (data.kind === "picture") onPicture?.(pictureOf(data));
  };
  const job = { kind: "decode", source: what, scale, fit, region, progress: Boolean(onPicture), keepBytes };
  return pictureOf(await run(job, { transfer, signal, onMessage }));
}

export async function info(source, { signal } = {}) {
  const [what, transfer] = sourceOf(source);
  return (await run({ kind: "info", source: what }, { transfer, signal })).info;
}

export async function encode(image, options = {}) {
  const { quality = 75, lossless = false, effort = 2, codec = "auto", signal } = options;
  const pixels = new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.byteLength).slice();
  const { width, height } = image;
  const job = { kind: "encode", pixels, width, height, quality: lossless ? 101 : quality, effort, codec };
  const { bytes } = await run(job, { transfer: [pixels.buffer], signal });
  return bytes;
}

export async function explain(bytes, { signal } = {}) {
  return (await run({ kind: "explain", source: { bytes } }, { signal })).bytes;
}

export function imageData(picture) {
  return new ImageData(picture.data, picture.width, picture.height, { colorSpace: picture.colorSpace });
}
