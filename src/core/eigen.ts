/** Eigenvalues and, in columns, eigenvectors of a symmetric matrix: cyclic Jacobi rotations. */
export function eigen(symmetric: readonly Float64Array[]): { values: Float64Array; vectors: Float64Array[] } {
  const a = symmetric.map((line) => Float64Array.from(line));
  const size = a.length;
  const vectors = a.map((_, i) => Float64Array.from({ length: size }, (_, j) => +(i === j)));
  const off = (): number => a.reduce((sum, line, i) => sum + line.reduce((s, x, j) => (i === j ? s : s + x * x), 0), 0);
  const scale = a.reduce((sum, line) => sum + line.reduce((s, x) => s + x * x, 0), 0);
  for (let sweep = 0; sweep < 50 && off() > 1e-28 * scale; sweep++)
    for (let p = 0; p < size; p++)
      for (let q = p + 1; q < size; q++) {
        if (a[p]![q] === 0) continue;
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const [c, s] = [1 / Math.sqrt(t * t + 1), t / Math.sqrt(t * t + 1)];
        for (let k = 0; k < size; k++) rotate(a[k]!, p, q, c, s);
        for (let k = 0; k < size; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
        }
        for (let k = 0; k < size; k++) rotate(vectors[k]!, p, q, c, s);
      }
  return { values: Float64Array.from(a, (line, i) => line[i]!), vectors };
}

function rotate(line: Float64Array, p: number, q: number, c: number, s: number): void {
  const [x, y] = [line[p]!, line[q]!];
  line[p] = c * x - s * y;
  line[q] = s * x + c * y;
}
