// A ZIP file of stored entries (PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16): `.tin` files do not get smaller.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Numbers of 2 and 4 bytes: `[[2, n], [4, n], …]`. */
function record(numbers) {
  const view = new DataView(new ArrayBuffer(numbers.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, number] of numbers) {
    if (size === 2) view.setUint16(at, number, true);
    else view.setUint32(at, number, true);
    at += size;
  }
  return view;
}

/** A Blob of files `[[name, bytes], …]`. */
export function zipOf(files) {
  const parts = [];
  const list = [];
  let at = 0;
  const used = new Set();
  for (const [wanted, bytes] of files) {
    let name = wanted;
    for (let number = 2; used.has(name); number++) name = wanted.replace(/(\.[^.]*)?$/, ` ${number}$1`);
    used.add(name);
    const text = new TextEncoder().encode(name);
    // Version 2.0; names are UTF-8 (bit 11); stored; 1 January 1980, so that the same files give the same bytes.
    const facts = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], [4, crc32(bytes)], [4, bytes.length], [4, bytes.length], [2, text.length], [2, 0]];
    parts.push(record([[4, 0x04034b50], ...facts]), text, bytes);
    list.push(record([[4, 0x02014b50], [2, 20], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]), text);
    at += 30 + text.length + bytes.length;
  }
  const size = list.reduce((sum, part) => sum + part.byteLength, 0);
  const end = record([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, at], [2, 0]]);
  return new Blob([...parts, ...list, end], { type: "application/zip" });
}
