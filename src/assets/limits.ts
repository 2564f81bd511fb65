/** What each reader takes at most; a file beyond is refused before it costs time or memory. SECURITY.md lists them. */
export const LIMITS = {
  /** One picture: bytes of its file; its pixels before any resizing (a photograph of 33 million), and of a side. */
  pictureBytes: 2 ** 26,
  picturePixels: 2 ** 25,
  pictureSide: 2 ** 14,
  /** Pixels of those whose decoders hold more: over 8 bits a channel or four inks; AVIF, and such with transparency. */
  deepPixels: 2 ** 24,
  avifPixels: 2 ** 24,
  deepAvifPixels: 3 * 2 ** 22,
  /** What decoders walk through: scans of a JPEG, pages (TIFF) and frames (WebP), bytes (GIF, AVIF). */
  jpegScans: 64,
  pages: 1024,
  gifBytes: 2 ** 24,
  avifBytes: 2 ** 24,
  /** One folder of pictures: pictures, and bytes of all their pixels at the size that is asked for. */
  pictures: 1_000_000,
  datasetBytes: 2 ** 31,
  /** labels.csv, and a table of pixels: bytes of the file, and of a line. */
  labelsBytes: 2 ** 26,
  tableBytes: 2 ** 28,
  csvLine: 2 ** 20,
  /** CIFAR's files, all of a data set; a file of MNIST, packed and unpacked. */
  recordsBytes: 2 ** 28,
  idxBytes: 2 ** 27,
  /** Weights and checkpoints: bytes of the file and of its header, dimensions of an array. */
  stateBytes: 2 ** 31,
  headerBytes: 2 ** 25,
  dimensions: 64,
  /** A zip (PyTorch, npz): files inside; bytes unpacked beyond 32 times those packed. */
  zipEntries: 16_384,
  unpackedBeyond: 2 ** 26,
  /** A PyTorch file: bytes of the pickle, values in its containers, entries of tensors beyond 4 times those stored. */
  pickleBytes: 2 ** 26,
  pickleValues: 1_000_000,
  entriesBeyond: 2 ** 20,
  /** An ONNX file: fields of its messages, at all depths. */
  protobufFields: 2 ** 20,
  /** An archive (.tar.gz), packed and unpacked. */
  archiveBytes: 3 * 2 ** 26,
  unpackedBytes: 7 * 2 ** 25,
  /** classes.txt and SOURCE.txt; the settings of an audit or a sweep. */
  textBytes: 2 ** 20,
  /** A notebook with its outputs; results as JSON. */
  notebookBytes: 2 ** 28,
} as const;
