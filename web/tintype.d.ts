/** Tintype in the browser: `.tin` pictures decoded and encoded by WebAssembly, in workers. */

/** Where the bytes of a file come from: an address, a fetch in progress, or bytes. */
export type Source = string | URL | Response | ReadableStream<Uint8Array> | Blob | ArrayBuffer | ArrayBufferView;

/** A rectangle in pixels of the whole picture. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What the head of a file says. */
export interface Info {
  width: number;
  height: number;
  codec: string;
  colour: "gray" | "rgb" | "ycbcr" | "bands";
  /** Bits of a sample. */
  bits: number;
  planes: number;
  alpha: boolean;
  depth: boolean;
  /** `null` where only decoding would tell. */
  lossless: boolean | null;
  tiles: number;
  layers: number;
  dataBytes: number;
  model: { hash: string; sent: boolean } | null;
}

export interface Picture {
  width: number;
  height: number;
  /** Red, green, blue and opacity, rows from the top. */
  data: Uint8ClampedArray;
  /** What the colours are; files with other profiles were converted to sRGB. */
  colorSpace: PredefinedColorSpace;
  /** False for a profile that is not understood, such as a printer's: its colours are shown as sRGB. */
  knownProfile: boolean;
  /** Hash of the decoded samples, 16 hexadecimal digits: the same on every machine. */
  samplesHash: string;
  /** What went less than perfectly, such as a file that was cut off. */
  warnings: string;
  info: Info;
  /** The file, if `keepBytes` was asked for. */
  bytes?: Uint8Array;
  /** How many bytes of the file this picture shows. */
  received: number;
  /** Time spent decoding, without waiting for bytes. */
  milliseconds: number;
}

export interface DecodeOptions {
  /** 1, 2, 4, 8, 16 or 32: so many times smaller, in less time. */
  scale?: number;
  /** The smallest scale that gives at least these many pixels, instead of `scale`. */
  fit?: { width: number; height: number };
  region?: Region;
  signal?: AbortSignal;
  /** Called with better and better pictures while the file arrives, where its codec allows. */
  onPicture?: (picture: Picture) => void;
  /** Called when the head is there. */
  onInfo?: (info: Info) => void;
  keepBytes?: boolean;
}

export interface EncodeOptions {
  /** 0 to 100, the default is 75. */
  quality?: number;
  /** Every sample comes back. */
  lossless?: boolean;
  /** 1 (fast) to 9 (dense); the default in a browser is 2. */
  effort?: number;
  codec?: string;
  signal?: AbortSignal;
}

/** What is wrong, and what to do. */
export class TintypeError extends Error {}

export function decode(source: Source, options?: DecodeOptions): Promise<Picture>;
export function info(source: Source, options?: { signal?: AbortSignal }): Promise<Info>;
/** Encodes pixels, such as those of a canvas, into the bytes of a `.tin` file. */
export function encode(
  image: { data: Uint8ClampedArray | Uint8Array; width: number; height: number },
  options?: EncodeOptions,
): Promise<Uint8Array>;
/** The picture for `putImageData` and `createImageBitmap`. */
/** What each block of a file was coded as: plane, column, row, side, choice, levels and bits, 32 bits each, little-endian, the last one a
 * float. Empty for codecs that do not tell. */
export function explain(bytes: Uint8Array, options?: { signal?: AbortSignal }): Promise<Uint8Array>;

export function imageData(picture: Picture): ImageData;
/** Where worker, modules (`base`) and models lie, and how many workers there may be. */
export function configure(settings: { base?: string; models?: string; workers?: number }): void;
