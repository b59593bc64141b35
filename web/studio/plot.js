// The rate–distortion curve, as SVG.

const SVG = "http://www.w3.org/2000/svg";
const NAMES = { tintype: "Tintype", jpeg: "JPEG", webp: "WebP" };

function made(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Draws lines of points `{bpp, psnr}` by name. */
export function drawPlot(svg, lines) {
  const points = Object.values(lines).flat().filter((point) => Number.isFinite(point.psnr));
  const most = Math.min(Math.max(...points.map((point) => point.bpp)), 1.3 * Math.max(...lines.tintype.map((point) => point.bpp)));
  const [low, high] = [Math.floor(Math.min(...points.map((point) => point.psnr))), Math.ceil(Math.max(...points.map((point) => point.psnr)))];
  const x = (bpp) => 50 + (bpp / most) * 480;
  const y = (psnr) => 280 - ((psnr - low) / (high - low || 1)) * 260;
  const title = svg.querySelector("title") ?? made("title", { id: "plot-words" }, "PSNR over bits a pixel");
  svg.replaceChildren(title);
  for (let step = 0; step <= 4; step++) {
    const [bpp, psnr] = [(most * step) / 4, low + ((high - low) * step) / 4];
    svg.append(
      made("line", { class: "axis", x1: 50, x2: 530, y1: y(psnr), y2: y(psnr) }),
      made("text", { x: 44, y: y(psnr) + 4, "text-anchor": "end" }, psnr.toFixed(0)),
      made("text", { x: x(bpp), y: 298, "text-anchor": "middle" }, bpp.toFixed(2)),
    );
  }
  svg.append(made("text", { x: 290, y: 316, "text-anchor": "middle" }, "bits a pixel"), made("text", { x: 8, y: 14 }, "PSNR (dB)"));
  for (const [name, line] of Object.entries(lines)) {
    const seen = line.filter((point) => point.bpp <= most * 1.001 && Number.isFinite(point.psnr)).sort((a, b) => a.bpp - b.bpp);
    if (seen.length === 0) continue;
    const last = seen.at(-1);
    svg.append(
      made("polyline", { class: name, points: seen.map((point) => `${x(point.bpp)},${y(point.psnr)}`).join(" ") }),
      made("text", { x: Math.min(x(last.bpp) + 6, 540), y: y(last.psnr) + 4 }, NAMES[name]),
    );
  }
}
