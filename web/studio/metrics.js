// How far two pictures of 8 bits are apart: red, green and blue, as they are.

/** Peak signal-to-noise ratio in dB; infinite for equal pictures. */
export function psnr(a, b) {
  let squares = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    for (let c = 0; c < 3; c++) squares += (a.data[i + c] - b.data[i + c]) ** 2;
  }
  return 10 * Math.log10((255 ** 2 * 3 * a.width * a.height) / squares);
}

/** Structural similarity of luma, mean over windows of 8 × 8 at steps of 4 (Wang et al. 2004, without the Gaussian). */
export function ssim(a, b) {
  const { width, height } = a;
  const luma = ({ data }, i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  const [size, step] = [Math.min(8, width, height), 4];
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  let [sum, count] = [0, 0];
  for (let y = 0; y + size <= height; y += step) {
    for (let x = 0; x + size <= width; x += step) {
      let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
      for (let v = 0; v < size; v++) {
        for (let u = 0; u < size; u++) {
          const i = (y + v) * width + x + u;
          const [p, q] = [luma(a, i), luma(b, i)];
          sa += p;
          sb += q;
          saa += p * p;
          sbb += q * q;
          sab += p * q;
        }
      }
      const n = size * size;
      const [ma, mb] = [sa / n, sb / n];
      const [va, vb, cov] = [saa / n - ma * ma, sbb / n - mb * mb, sab / n - ma * mb];
      sum += ((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
      count += 1;
    }
  }
  return sum / count;
}
