// Where the bits of a file went: its blocks as a map over the picture, and in numbers.
//
// In: the parts of a file, `{plane, x, y, side, choice, levels, bits}`. Out: a small ImageData of one pixel for each 8 × 8 samples, and words.

/** Side of a cell of a map. */
export const CELL = 8;

/** Parts from the bytes that the engine gives: seven numbers of 32 bits each, little-endian, the last one a float. */
export function partsFrom(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [];
  for (let at = 0; at + 28 <= bytes.byteLength; at += 28) {
    const [plane, x, y, side, choice, levels] = [0, 4, 8, 12, 16, 20].map((offset) => view.getUint32(at + offset, true));
    parts.push({ plane, x, y, side, choice, levels, bits: view.getFloat32(at + 24, true) });
  }
  return parts;
}

/** Bits for each pixel of each cell, all planes together. */
function densityOf(parts, columns, rows) {
  const density = new Float32Array(columns * rows);
  for (const { x, y, side, bits } of parts) {
    const share = bits / (side * side);
    for (let row = y / CELL; row < Math.min(rows, (y + side) / CELL); row++) {
      for (let column = x / CELL; column < Math.min(columns, (x + side) / CELL); column++) density[row * columns + column] += share;
    }
  }
  return density;
}

/** Dark blue for nothing, over red, to yellow: also to be told apart without colours. */
function heat(part) {
  const stops = [[20, 24, 70], [130, 30, 110], [225, 80, 60], [252, 190, 70], [255, 250, 200]];
  const at = Math.min(0.9999, Math.max(0, part)) * (stops.length - 1);
  const [low, high] = [stops[Math.floor(at)], stops[Math.floor(at) + 1]];
  return low.map((value, c) => value + (high[c] - value) * (at % 1));
}

function hue(number) {
  // Neighbours in number are far apart in colour.
  const angle = (number * 137.508) % 360;
  const channel = (shift) => 60 + 160 * Math.max(0, Math.min(1, Math.abs((((angle + shift) % 360) / 60) - 3) - 1));
  return [channel(0), channel(240), channel(120)];
}

/** The map of a picture of so many pixels: `bits`, `choice` or `side`. */
export function mapOf(parts, width, height, what) {
  const [columns, rows] = [Math.ceil(width / CELL), Math.ceil(height / CELL)];
  const map = new ImageData(columns, rows);
  const put = (index, colour) => map.data.set([...colour, 255], index * 4);
  if (what === "bits") {
    const density = densityOf(parts, columns, rows);
    const most = Math.max(0.01, ...[...density].sort((a, b) => a - b).slice(-Math.max(1, Math.floor(density.length / 100)), -Math.max(1, Math.floor(density.length / 200)) || undefined));
    density.forEach((bits, index) => put(index, heat(Math.log2(1 + 15 * (bits / most)) / 4)));
    return map;
  }
  for (const part of parts) {
    if (part.plane > 0) continue;
    const colour = what === "side" ? heat(1 - Math.log2(part.side / 4) / 4) : part.levels === 0 ? [40, 44, 52] : hue(part.choice);
    for (let row = part.y / CELL; row < Math.min(rows, (part.y + part.side) / CELL); row++) {
      for (let column = part.x / CELL; column < Math.min(columns, (part.x + part.side) / CELL); column++) put(row * columns + column, colour);
    }
  }
  return map;
}

/** The parts that cover a pixel, one for each plane. */
export function partsAt(parts, x, y) {
  return parts.filter((part) => x >= part.x && y >= part.y && x < part.x + part.side && y < part.y + part.side);
}

/** Where the bits went, by plane and by size of block. */
export function summary(parts) {
  const sum = (some) => some.reduce((bits, part) => bits + part.bits, 0);
  const all = sum(parts) || 1;
  const percent = (some) => `${((100 * sum(some)) / all).toFixed(0)} %`;
  const values = (key) => [...new Set(parts.map((part) => part[key]))].sort((a, b) => a - b);
  const planes = values("plane").map((plane) => `plane ${plane} ${percent(parts.filter((part) => part.plane === plane))}`);
  const sides = values("side").map((side) => {
    const some = parts.filter((part) => part.side === side);
    return `${side} × ${side} ${percent(some)} in ${some.length} blocks`;
  });
  const empty = parts.filter((part) => part.levels === 0).length;
  return `Of the bits: ${planes.join(", ")}; ${sides.join(", ")}. ${empty} of ${parts.length} blocks are predicted alone.`;
}
