// What encodes and decodes: the program, where this page comes from `tintype studio`, else WebAssembly.

const native = fetch(new URL("api/studio", document.baseURI)).then(
  (answer) => (answer.ok && answer.headers.get("content-type")?.startsWith("application/json") ? answer.json() : null),
  () => null,
);
let module;
const page = () => (module ??= import("../tintype.js"));

async function asked(path, body) {
  const answer = await fetch(new URL(path, document.baseURI), { method: "POST", body });
  if (!answer.ok) throw new Error((await answer.text()) || `the program answers ${answer.status}`);
  return answer;
}

/** Pixels as the program takes and gives them: width and height, 32 bits each, little-endian, then RGBA. */
function framed({ data, width, height }) {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, width, true);
  head.setUint32(4, height, true);
  return new Blob([head, data]);
}

async function unframed(answer) {
  const buffer = await answer.arrayBuffer();
  const head = new DataView(buffer);
  const [width, height] = [head.getUint32(0, true), head.getUint32(4, true)];
  return new ImageData(new Uint8ClampedArray(buffer, 8), width, height);
}

export const engine = {
  async name() {
    const program = await native;
    return program ? `Encodes and decodes by the program, tintype ${program.version}.` : "Encodes and decodes in this page, by WebAssembly.";
  },

  async encode(pixels, { quality, lossless, codec, effort }) {
    const begin = performance.now();
    if (await native) {
      const query = new URLSearchParams({ quality, exact: lossless, codec, effort });
      const answer = await asked(`api/encode?${query}`, framed(pixels));
      return { bytes: new Uint8Array(await answer.arrayBuffer()), milliseconds: performance.now() - begin };
    }
    const { encode } = await page();
    const bytes = await encode(pixels, { quality, lossless, codec, effort });
    return { bytes, milliseconds: performance.now() - begin };
  },

  /** Codecs of others that the program has: `avif`, `jxl`. */
  async peers() {
    return (await native)?.peers ?? [];
  },

  /** What the codec `name` makes in at most so many bytes: the picture as PNG, and the bytes that it took. */
  async peer(name, pixels, bytes) {
    const answer = await asked(`api/peer?${new URLSearchParams({ name, bytes })}`, framed(pixels));
    return { blob: await answer.blob(), bytes: Number(answer.headers.get("x-tintype-bytes")) };
  },

  /** The parts of a file as bytes (explain.js); none for codecs that do not tell. */
  async explain(bytes) {
    if (await native) return new Uint8Array(await (await asked("api/explain", new Blob([bytes]))).arrayBuffer());
    return (await page()).explain(bytes);
  },

  /** An ImageData that also has `info` and `milliseconds`. */
  async decode(bytes) {
    if (await native) {
      const begin = performance.now();
      const answer = await asked("api/decode", new Blob([bytes]));
      const info = JSON.parse(answer.headers.get("x-tintype-info"));
      return Object.assign(await unframed(answer), { info, milliseconds: performance.now() - begin });
    }
    const { decode, imageData } = await page();
    const picture = await decode(bytes);
    return Object.assign(imageData(picture), { info: picture.info, milliseconds: picture.milliseconds });
  },
};
