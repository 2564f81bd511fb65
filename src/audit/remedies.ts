/**
 * What a client could do instead, in families of rising strength; each family is walked until no image is rebuilt any
 * more. The last families are hybrid: two or three mechanisms in a row.
 */
export const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  'fewer bits': ['quantize:4', 'quantize:3', 'quantize:2'],
  'fewer entries': ['topk:0.95', 'topk:0.99', 'topk:0.999'],
  'a random part': ['mask:0.1', 'mask:0.01', 'mask:0.001'],
  'lower rank': ['powersgd:4', 'powersgd:1'],
  'sparse ternary': ['stc:0.9', 'stc:0.99', 'stc:0.999'],
  'signs alone': ['sign'],
  noise: ['noise:-10', 'noise:-20', 'noise:-30', 'noise:-40'],
  'fewer entries, then noise': ['topk:0.95+noise:-5', 'topk:0.99+noise:-10', 'topk:0.99+noise:-20'],
  'fewer entries, then signs': ['topk:0.95+sign', 'topk:0.99+sign'],
  'lower rank, then noise': ['powersgd:1+noise:-5', 'powersgd:1+noise:-15'],
};
